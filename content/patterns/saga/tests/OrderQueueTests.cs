using System.Text;
using Acme._1.Contracts;
using Acme._1.Contracts.V1;

namespace Acme._1.Tests;

/// <summary>What happens to the messages that start sagas: each is processed once, retried with patience, or kept as a dead letter.</summary>
public sealed class OrderQueueTests(ServiceFixture service)
{
    [Fact]
    public async Task C01_each_of_200_orders_goes_through_once()
    {
        var placed = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => service.Producer.PlaceOrderAsync("coffee")));

        foreach (var order in placed)
        {
            var status = await service.Consumer.WaitForOrderAsync(order.OrderId);
            status.States.ShouldBe(["ReservingStock", "ChargingPayment", "ArrangingShipping", "Completed"]);
            (await service.Consumer.GetEffectsAsync(order.OrderId)).Values.ShouldBe(
                [new("stock", "done", 1, 0), new("payments", "done", 1, 0), new("shipping", "done", 1, 0)], ignoreOrder: true);
        }
    }

    [Fact]
    public async Task C02_a_transient_failure_is_retried_with_growing_delays()
    {
        var placed = await service.Producer.PlaceOrderAsync("transient-2");

        await service.Consumer.WaitForOrderAsync(placed.OrderId);
        (await service.Consumer.FindDeadLetterAsync(placed.MessageId)).ShouldBeNull();
        var attempts = await service.WaitForAttemptsAsync(placed.MessageId, 3);
        attempts.Count.ShouldBe(3);

        // A busy machine makes a delay longer, but never shorter than it was set, less the jitter.
        var delays = attempts.Zip(attempts.Skip(1), (before, after) => after.StartTimeUtc - before.StartTimeUtc).ToArray();
        delays[0].ShouldBeGreaterThan(ServiceFixture.BaseDelay * 0.75);
        delays[1].ShouldBeGreaterThan(ServiceFixture.BaseDelay * 2 * 0.75);
    }

    [Fact]
    public async Task C03_a_failure_that_does_not_end_becomes_one_dead_letter_and_the_others_flow_meanwhile()
    {
        var failing = await service.Producer.PlaceOrderAsync("transient-always");
        var healthy = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => service.Producer.PlaceOrderAsync("coffee")));

        foreach (var order in healthy)
        {
            await service.Consumer.WaitForStateAsync(order.OrderId, "ReservingStock");
        }

        // The retries take a second and a half; the healthy orders did not wait for their end.
        (await service.Consumer.FindDeadLetterAsync(failing.MessageId)).ShouldBeNull();

        var letter = await service.Consumer.WaitForDeadLetterAsync(failing.MessageId);
        letter.Attempts.ShouldBe(ServiceFixture.MaxAttempts);
        letter.Reason.ShouldContain("Simulated transient failure");
        letter.LastFailure.ShouldBeGreaterThan(letter.FirstFailure);
        letter.Payload!.ShouldContain(failing.OrderId);
        (await service.WaitForAttemptsAsync(failing.MessageId, ServiceFixture.MaxAttempts)).Count.ShouldBe(ServiceFixture.MaxAttempts);
        (await service.Consumer.ListDeadLettersAsync()).Count(other => other.MessageId == failing.MessageId).ShouldBe(1);
        (await service.Consumer.FindOrderAsync(failing.OrderId)).ShouldBeNull();
    }

    [Fact]
    public async Task C04_a_permanent_failure_is_not_retried()
    {
        var placed = await service.Producer.PlaceOrderAsync("permanent");

        var letter = await service.Consumer.WaitForDeadLetterAsync(placed.MessageId);
        letter.Attempts.ShouldBe(1);
        letter.Reason.ShouldContain("Simulated permanent failure");
        (await service.WaitForAttemptsAsync(placed.MessageId, 1)).Count.ShouldBe(1);
        (await service.Consumer.FindOrderAsync(placed.OrderId)).ShouldBeNull();
        (await service.Consumer.GetEffectsAsync(placed.OrderId)).ShouldBeEmpty();
    }

    [Fact]
    public async Task C06_a_replayed_dead_letter_is_processed_once()
    {
        var placed = await service.Producer.PlaceOrderAsync($"transient-{ServiceFixture.MaxAttempts}");
        var before = await service.Consumer.WaitForDeadLetterAsync(placed.MessageId);

        await service.Consumer.ReplayAsync(placed.MessageId);

        await service.Consumer.WaitForOrderAsync(placed.OrderId);
        (await service.Consumer.FindDeadLetterAsync(placed.MessageId)).ShouldBeNull();

        // There is nothing left to replay, and sending the order again with the same id changes nothing either.
        using (var again = await service.Consumer.PostAsync($"/ops/dead-letters/{placed.MessageId}/replay", content: null, TestContext.Current.CancellationToken))
        {
            again.StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
        }

        await SendAgainAsync(placed);
        await service.WaitForAttemptsAsync(placed.MessageId, before.Attempts + 2);
        (await service.Consumer.GetEffectsAsync(placed.OrderId)).Values.ShouldAllBe(effects => effects.Done == 1);
    }

    [Fact]
    public async Task C06_a_replayed_dead_letter_that_dies_again_keeps_its_history()
    {
        var placed = await service.Producer.PlaceOrderAsync("permanent");
        var before = await service.Consumer.WaitForDeadLetterAsync(placed.MessageId);

        for (var replays = 1; replays <= 2; replays++)
        {
            await service.Consumer.ReplayAsync(placed.MessageId);
            var died = $"{placed.MessageId} did not die again";
            var after = await Eventually.NotNullAsync(
                async () => await service.Consumer.FindDeadLetterAsync(placed.MessageId) is { } letter && letter.Replays == replays ? letter : null, died);

            after.Attempts.ShouldBe(1 + replays);
            after.FirstFailure.ShouldBe(before.FirstFailure);
            after.LastFailure.ShouldBeGreaterThan(before.LastFailure);
            after.PayloadBase64.ShouldBe(before.PayloadBase64);
        }
    }

    [Fact]
    public async Task C07_the_same_message_twice_has_one_effect_whether_it_comes_at_once_or_10_000_messages_later()
    {
        var placed = new OrderAccepted(Guid.CreateVersion7().ToString(), Guid.CreateVersion7().ToString());
        await Task.WhenAll(
            service.Producer.PlaceOrderAsync("coffee", placed.OrderId, placed.MessageId),
            SendAgainAsync(placed));
        await service.WaitForAttemptsAsync(placed.MessageId, 2);

        // Messages of the cheapest kind: orders that are placed again, of sagas that are there.
        var others = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => service.Producer.PlaceOrderAsync("coffee")));
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 10_000),
            new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = TestContext.Current.CancellationToken },
            async (number, _) => await service.Producer.PlaceOrderAsync("coffee", others[number % others.Length].OrderId));

        await SendAgainAsync(placed);

        // Twins that come at once may cost one of them a retry, so three attempts alone do not say that the third sending was seen.
        // What was sent behind it, and behind all the others, does.
        var last = await service.Producer.PlaceOrderAsync("coffee");
        await service.WaitForAttemptsAsync(last.MessageId, 1, TimeSpan.FromMinutes(4));
        await service.WaitForAttemptsAsync(placed.MessageId, 3, TimeSpan.FromMinutes(2));

        await service.Consumer.WaitForOrderAsync(placed.OrderId);
        (await service.Consumer.GetEffectsAsync(placed.OrderId)).Values.ShouldAllBe(effects => effects.Done == 1);
    }

    [Fact]
    public async Task An_order_that_makes_no_sense_is_rejected_by_the_domain_and_not_retried()
    {
        var id = Guid.CreateVersion7().ToString();
        await service.Wire.SendAsync(
            Destinations.Orders,
            service.Wire.Encode("acme-1.order.placed.v1", id, """{"orderId":"no-pieces","sku":"coffee","quantity":0}"""u8.ToArray()),
            TestContext.Current.CancellationToken);

        var letter = await service.Consumer.WaitForDeadLetterAsync(id);
        letter.Attempts.ShouldBe(1);
        letter.Reason.ShouldContain("0 pieces");
    }

    [Fact]
    public async Task The_end_of_each_order_is_announced_and_a_failed_message_is_not()
    {
        var completed = new System.Collections.Concurrent.ConcurrentBag<string>();
        var compensated = new System.Collections.Concurrent.ConcurrentBag<string>();
        await using var completions = await service.Wire.ObserveAsync<OrderCompleted>(
            message => completed.Add(message.OrderId), TestContext.Current.CancellationToken);
        await using var compensations = await service.Wire.ObserveAsync<OrderCompensated>(
            message => compensated.Add(message.OrderId), TestContext.Current.CancellationToken);

        var dead = await service.Producer.PlaceOrderAsync("permanent");
        var failing = await service.Producer.PlaceOrderAsync("out-of-stock");
        var healthy = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => service.Producer.PlaceOrderAsync("coffee")));
        var expected = healthy.Select(order => order.OrderId).ToHashSet();

        await service.Consumer.WaitForDeadLetterAsync(dead.MessageId);
        await Eventually.TrueAsync(() => Task.FromResult(expected.IsSubsetOf(completed)), "not every order was announced as completed");
        await Eventually.TrueAsync(() => Task.FromResult(compensated.Contains(failing.OrderId)), "the failed order was not announced as compensated");
        completed.Where(expected.Contains).ShouldBeUnique();
        completed.Concat(compensated).ShouldNotContain(dead.OrderId);
    }

    /// <summary>Past the producer, and so past what the broker itself may do against duplicates: the inbox has to notice.</summary>
    private Task SendAgainAsync(OrderAccepted placed)
    {
        var payload = $$"""{"orderId":"{{placed.OrderId}}","sku":"coffee","quantity":1,"placedAt":"2026-01-31T08:30:00Z"}""";
        return service.Wire.SendAsync(
            Destinations.Orders,
            service.Wire.Encode("acme-1.order.placed.v2", placed.MessageId, Encoding.UTF8.GetBytes(payload)),
            TestContext.Current.CancellationToken);
    }
}
