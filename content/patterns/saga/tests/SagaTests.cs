using System.Net;
using Acme._1.Consumer;
using Acme._1.Contracts.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Acme._1.Tests;

/// <summary>What a saga does when a step fails, is not answered, or cannot be undone.</summary>
public sealed class SagaTests(ServiceFixture service)
{
    /// <summary>The numbers of the steps, where nothing is done twice.</summary>
    private const int Reserve = 1, Charge = 2, Release = 3;

    public static TheoryData<string, string[], StepEffects[]> Failures => new()
    {
        {
            "out-of-stock",
            ["ReservingStock", "Compensated"],
            [new("stock", "refused", 0, 0)]
        },
        {
            "payment-declined",
            ["ReservingStock", "ChargingPayment", "ReleasingStock", "Compensated"],
            [new("stock", "undone", 1, 1), new("payments", "refused", 0, 0)]
        },
        {
            "shipping-fails",
            ["ReservingStock", "ChargingPayment", "ArrangingShipping", "RefundingPayment", "ReleasingStock", "Compensated"],
            [new("stock", "undone", 1, 1), new("payments", "undone", 1, 1), new("shipping", "refused", 0, 0)]
        },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task S1_what_was_done_before_a_failing_step_is_undone_once_and_in_reverse_order(string sku, string[] states, StepEffects[] effects)
    {
        var placed = await service.Producer.PlaceOrderAsync(sku);

        var status = await service.Consumer.WaitForOrderAsync(placed.OrderId, "compensated");

        status.States.ShouldBe(states);
        status.History.First(entry => entry.Reason is not null).Reason!.ShouldContain("Simulated");
        (await service.Consumer.GetEffectsAsync(placed.OrderId)).Values.ShouldBe(effects, ignoreOrder: true);
    }

    [Fact]
    public async Task S1_a_step_that_is_not_answered_in_time_is_undone_too_and_done_no_more_when_it_comes_at_last()
    {
        var placed = await service.Producer.PlaceOrderAsync("payment-timeout");

        var status = await service.Consumer.WaitForOrderAsync(placed.OrderId, "compensated");

        status.States.ShouldBe(["ReservingStock", "ChargingPayment", "RefundingPayment", "ReleasingStock", "Compensated"]);
        status.History[2].Reason!.ShouldContain("in time");

        // The payment is still at work. It finds the refund when it is done, and takes nothing.
        await service.WaitUntilIdleAsync();
        (await service.Consumer.GetEffectsAsync(placed.OrderId)).Values.ShouldBe(
            [new("stock", "undone", 1, 1), new("payments", "undone", 0, 0)], ignoreOrder: true);
        (await service.Consumer.FindOrderAsync(placed.OrderId))!.States.ShouldBe(status.States);
    }

    [Fact]
    public async Task S2_duplicate_and_late_replies_and_stale_timeouts_are_ignored()
    {
        // Its payment takes a while: the saga waits in the middle.
        var placed = await service.Producer.PlaceOrderAsync("payment-timeout");
        await service.Consumer.WaitForStateAsync(placed.OrderId, "ChargingPayment");

        await service.TellSagaAsync(new StockReserved(placed.OrderId, Reserve));
        await service.TellSagaAsync(new StepTimedOut(placed.OrderId, Reserve));
        await service.TellSagaAsync(new PaymentCharged(placed.OrderId, Token: 7));
        await service.TellSagaAsync(new ShippingArranged(placed.OrderId, Charge));

        var waiting = (await service.Consumer.FindOrderAsync(placed.OrderId))!;
        waiting.States.ShouldBe(["ReservingStock", "ChargingPayment"]);

        // The one that is not stale.
        await service.TellSagaAsync(new StepTimedOut(placed.OrderId, Charge));
        var status = await service.Consumer.WaitForOrderAsync(placed.OrderId, "compensated");

        await service.TellSagaAsync(new PaymentCharged(placed.OrderId, Charge));
        await service.TellSagaAsync(new StepTimedOut(placed.OrderId, Charge));
        await service.TellSagaAsync(new StockReleased(placed.OrderId, status.History[^2].Token));
        (await service.Consumer.FindOrderAsync(placed.OrderId))!.States.ShouldBe(status.States);
    }

    [Fact]
    public async Task S2_a_command_that_comes_twice_is_answered_twice_and_done_once()
    {
        var placed = await service.Producer.PlaceOrderAsync("coffee");
        var status = await service.Consumer.WaitForOrderAsync(placed.OrderId);

        await service.TellSagaAsync(new ChargePayment(placed.OrderId, Charge, "coffee", 1));

        await service.WaitUntilIdleAsync();
        (await service.Consumer.GetEffectsAsync(placed.OrderId))["payments"].ShouldBe(new("payments", "done", 1, 0));
        (await service.Consumer.FindOrderAsync(placed.OrderId))!.States.ShouldBe(status.States);
    }

    [Fact]
    public async Task S4_a_compensation_that_keeps_failing_waits_for_a_person_and_goes_on_when_told_to()
    {
        var placed = await service.Producer.PlaceOrderAsync("compensation-fails-99");
        await ParkAsync(placed.OrderId, Release);

        var parked = await WaitForParkedAsync(placed.OrderId);
        (parked.State, parked.Token).ShouldBe(("ReleasingStock", Release));
        parked.Reason.ShouldContain("no answer");
        (await service.Consumer.ListDeadLettersAsync()).ShouldContain(letter => letter.Queue == "acme-1.stock");

        (await service.Consumer.ResumeAsync(placed.OrderId)).ShouldBe(HttpStatusCode.Accepted);

        var status = await service.Consumer.WaitForOrderAsync(placed.OrderId, "compensated");
        status.States.ShouldBe(["ReservingStock", "ChargingPayment", "ReleasingStock", "Parked", "ReleasingStock", "Compensated"]);
        (await service.Consumer.GetEffectsAsync(placed.OrderId))["stock"].ShouldBe(new("stock", "undone", 1, 1));
        await Eventually.TrueAsync(
            async () => await service.Consumer.FindParkedAsync(placed.OrderId) is null, "the saga is still in the list");
    }

    [Fact]
    public async Task S4_a_parked_saga_goes_on_when_the_dead_letter_of_its_compensation_is_replayed()
    {
        var placed = await service.Producer.PlaceOrderAsync($"compensation-fails-{ServiceFixture.MaxAttempts}");
        await ParkAsync(placed.OrderId, Release);
        var letter = await FindLetterAsync(placed.OrderId);

        await service.Consumer.ReplayAsync(letter!.MessageId);

        var status = await service.Consumer.WaitForOrderAsync(placed.OrderId, "compensated");
        status.States.ShouldBe(["ReservingStock", "ChargingPayment", "ReleasingStock", "Parked", "Compensated"]);
        (await service.Consumer.GetEffectsAsync(placed.OrderId))["stock"].ShouldBe(new("stock", "undone", 1, 1));
    }

    [Fact]
    public async Task S4_a_saga_whose_compensation_fails_again_is_parked_again()
    {
        var placed = await service.Producer.PlaceOrderAsync("compensation-fails");
        await ParkAsync(placed.OrderId, Release);

        (await service.Consumer.ResumeAsync(placed.OrderId)).ShouldBe(HttpStatusCode.Accepted);
        await Eventually.TrueAsync(
            async () => (await service.Consumer.FindOrderAsync(placed.OrderId))!.Status == "pending", "the saga did not resume");

        // This time by its own clock.
        var status = await service.Consumer.WaitForOrderAsync(placed.OrderId, "parked");
        status.States.ShouldBe(["ReservingStock", "ChargingPayment", "ReleasingStock", "Parked", "ReleasingStock", "Parked"]);
        (await WaitForParkedAsync(placed.OrderId)).Token.ShouldBe(Release + 1);
        (await service.Consumer.GetEffectsAsync(placed.OrderId))["stock"].ShouldBe(new("stock", "done", 1, 0));
    }

    [Fact]
    public async Task A_deadline_is_told_by_whoever_claimed_it_and_by_nobody_else_before_the_claim_ends()
    {
        await using var scope = service.Hosts.ConsumerServices.CreateAsyncScope();
        var timeouts = scope.ServiceProvider.GetRequiredService<ISagaTimeouts>();
        var cancellationToken = TestContext.Current.CancellationToken;
        var now = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        var (past, claimed, later) = (now.AddMinutes(-1), now.AddHours(1), now.AddHours(2));

        var orderId = await ClaimDeadlineAsync(timeouts, claimed);
        (await IsDueAsync(timeouts, orderId, past)).ShouldBeFalse();

        // It was told, and has more time to be heard.
        await timeouts.PostponeAsync([orderId], claimed, later, cancellationToken);
        await timeouts.PostponeAsync([orderId], claimed, past, cancellationToken);
        (await IsDueAsync(timeouts, orderId, past)).ShouldBeFalse();

        // And when it has that long, the service tells it again.
        await timeouts.PostponeAsync([orderId], later, past, cancellationToken);
        await service.Consumer.WaitForOrderAsync(orderId, "parked");
        await CompensateAsync(orderId);
    }

    [Fact]
    public async Task An_order_id_may_be_any_text()
    {
        // Too long for the header of any message, with a line break, and a slash that a path has to encode.
        var orderId = $"Zoë's 📦 #1/2\r\n{Guid.CreateVersion7()} {new string('€', 120)}";
        await service.Producer.PlaceOrderAsync("compensation-fails-99", orderId);

        // By its own clock: the timeout is a message that the service sends by itself.
        await service.Consumer.WaitForOrderAsync(orderId, "parked");
        (await service.Consumer.ResumeAsync(orderId)).ShouldBe(HttpStatusCode.Accepted);

        await service.Consumer.WaitForOrderAsync(orderId, "compensated");
        (await service.Consumer.GetEffectsAsync(orderId))["stock"].ShouldBe(new("stock", "undone", 1, 1));
    }

    [Fact]
    public async Task Only_a_parked_saga_can_be_resumed()
    {
        var placed = await service.Producer.PlaceOrderAsync("coffee");
        await service.Consumer.WaitForOrderAsync(placed.OrderId);

        (await service.Consumer.ResumeAsync(placed.OrderId)).ShouldBe(HttpStatusCode.Conflict);
        (await service.Consumer.ResumeAsync("nobody-placed-this")).ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_reply_about_an_order_that_is_not_there_is_a_dead_letter()
    {
        var orderId = Guid.CreateVersion7().ToString();

        await service.TellSagaAsync(new StockReserved(orderId, Reserve));

        (await Eventually.NotNullAsync(() => FindLetterAsync(orderId), "the reply is no dead letter")).Reason.ShouldContain("there is no order");
    }

    /// <summary>Waits until the compensation is a dead letter, and then lets its time run out at once.</summary>
    /// <summary>The service looks for deadlines too. Where it is first, there is another order.</summary>
    private async Task<string> ClaimDeadlineAsync(ISagaTimeouts timeouts, DateTimeOffset until)
    {
        while (true)
        {
            var placed = await service.Producer.PlaceOrderAsync("compensation-fails-99");
            var isOurs = false;
            await Eventually.TrueAsync(
                async () => (isOurs = await IsDueAsync(timeouts, placed.OrderId, until))
                    || (await service.Consumer.FindOrderAsync(placed.OrderId))?.Status == "parked",
                "nobody tells of the deadline");
            if (isOurs)
            {
                return placed.OrderId;
            }

            await CompensateAsync(placed.OrderId);
        }
    }

    private static async Task<bool> IsDueAsync(ISagaTimeouts timeouts, string orderId, DateTimeOffset until) =>
        (await timeouts.ClaimDueAsync(100, until, TestContext.Current.CancellationToken)).Any(step => step.OrderId == orderId);

    private async Task CompensateAsync(string orderId)
    {
        (await service.Consumer.ResumeAsync(orderId)).ShouldBe(HttpStatusCode.Accepted);
        await service.Consumer.WaitForOrderAsync(orderId, "compensated");
    }

    private async Task ParkAsync(string orderId, int token)
    {
        await Eventually.NotNullAsync(() => FindLetterAsync(orderId), "the compensation is no dead letter");
        await service.TellSagaAsync(new StepTimedOut(orderId, token));
        await service.Consumer.WaitForOrderAsync(orderId, "parked");
    }

    /// <summary>The list may be a moment behind the saga: a store may keep it apart.</summary>
    private Task<ParkedSaga> WaitForParkedAsync(string orderId) =>
        Eventually.NotNullAsync(() => service.Consumer.FindParkedAsync(orderId), "the saga is not in the list");

    /// <summary>The saga's messages have ids that a test does not know; the order is in their payload.</summary>
    private async Task<DeadLetterInfo?> FindLetterAsync(string orderId)
    {
        foreach (var listed in await service.Consumer.ListDeadLettersAsync())
        {
            if (await service.Consumer.FindDeadLetterAsync(listed.MessageId) is { } letter && letter.Payload?.Contains(orderId, StringComparison.Ordinal) is true)
            {
                return letter;
            }
        }

        return null;
    }
}
