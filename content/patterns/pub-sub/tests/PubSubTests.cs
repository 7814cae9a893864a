using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Acme._1.Consumer;
using Acme._1.Contracts;
using Acme._1.Contracts.V1;

namespace Acme._1.Tests;

/// <summary>What happens to published orders: every subscriber handles each once, in its own time and with its own troubles.</summary>
public sealed class PubSubTests(ServiceFixture service)
{
    [Fact]
    public async Task C01_each_of_200_orders_is_handled_once_by_each_subscriber()
    {
        var placed = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => service.Producer.PlaceOrderAsync("coffee")));

        foreach (var order in placed)
        {
            var expected = new OrderStatus(order.OrderId, "processed", Effects: 1, Attempts: 1);
            (await service.Consumer.WaitForEmailAsync(order.OrderId)).ShouldBe(expected);
            (await service.Consumer.WaitForAnalyticsAsync(order.OrderId)).ShouldBe(expected);
        }
    }

    [Fact]
    public async Task P1_the_trouble_of_one_subscriber_is_its_own()
    {
        var placed = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => service.Producer.PlaceOrderAsync("transient-always")));

        // The e-mails are still being retried when all is counted, at the first attempt.
        foreach (var order in placed)
        {
            (await service.Consumer.WaitForAnalyticsAsync(order.OrderId)).ShouldBe(new(order.OrderId, "processed", Effects: 1, Attempts: 1));
        }

        foreach (var order in placed)
        {
            (await service.Consumer.WaitForDeadLetterAsync(order.MessageId)).Queue.ShouldBe(Subscriptions.Emails);
            (await service.Consumer.FindEmailAsync(order.OrderId)).ShouldBeNull();
            (await service.WaitForAttemptsAsync(order.MessageId, 1, queue: Subscriptions.Analytics)).Count.ShouldBe(1);
        }

        (await service.Consumer.ListDeadLettersAsync()).ShouldAllBe(letter => letter.Queue != Subscriptions.Analytics);
    }

    [Fact]
    public async Task P1_the_replay_of_one_subscribers_dead_letter_reaches_only_that_one()
    {
        var placed = await service.Producer.PlaceOrderAsync($"transient-{ServiceFixture.MaxAttempts}");
        await service.Consumer.WaitForDeadLetterAsync(placed.MessageId);
        await service.Consumer.WaitForAnalyticsAsync(placed.OrderId);

        await service.Consumer.ReplayAsync(placed.MessageId);

        await service.Consumer.WaitForEmailAsync(placed.OrderId);
        await service.WaitUntilIdleAsync();
        service.AttemptsOf(placed.MessageId, Subscriptions.Analytics).Count.ShouldBe(1);
        service.AttemptsOf(placed.MessageId, Subscriptions.Emails).Count.ShouldBe(ServiceFixture.MaxAttempts + 1);
    }

    [Fact]
    public async Task A_subscriber_gets_the_regions_it_asked_for_and_no_other()
    {
        var elsewhere = await service.Producer.PlaceOrderAsync("coffee", region: "us");
        var here = await service.Producer.PlaceOrderAsync("coffee", region: Subscriptions.EmailsRegion);

        await service.Consumer.WaitForAnalyticsAsync(elsewhere.OrderId);
        await service.Consumer.WaitForAnalyticsAsync(here.OrderId);
        await service.Consumer.WaitForEmailAsync(here.OrderId);
        await service.WaitUntilIdleAsync();

        (await service.Consumer.FindEmailAsync(elsewhere.OrderId)).ShouldBeNull();
        service.AttemptsOf(elsewhere.MessageId, Subscriptions.Emails).ShouldBeEmpty();
    }

    [Fact]
    public async Task C02_a_transient_failure_is_retried_with_growing_delays()
    {
        var placed = await service.Producer.PlaceOrderAsync("transient-2");

        var status = await service.Consumer.WaitForEmailAsync(placed.OrderId);
        status.ShouldBe(new(placed.OrderId, "processed", Effects: 1, Attempts: 3));
        (await service.Consumer.FindDeadLetterAsync(placed.MessageId)).ShouldBeNull();

        var attempts = await service.WaitForAttemptsAsync(placed.MessageId, 3, queue: Subscriptions.Emails);

        // A busy machine makes a delay longer, but never shorter than it was set, less the jitter.
        var delays = attempts.Zip(attempts.Skip(1), (before, after) => after.StartTimeUtc - before.StartTimeUtc).ToArray();
        delays[0].ShouldBeGreaterThan(ServiceFixture.BaseDelay * 0.75);
        delays[1].ShouldBeGreaterThan(ServiceFixture.BaseDelay * 2 * 0.75);
    }

    [Fact]
    public async Task C03_a_failure_that_does_not_end_becomes_one_dead_letter_and_the_others_flow_meanwhile()
    {
        var failing = await service.Producer.PlaceOrderAsync("transient-always");
        var healthy = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => service.Producer.PlaceOrderAsync("coffee")));

        foreach (var order in healthy)
        {
            (await service.Consumer.WaitForEmailAsync(order.OrderId)).Effects.ShouldBe(1);
        }

        // The retries take a second and a half; the healthy orders did not wait for their end.
        (await service.Consumer.FindDeadLetterAsync(failing.MessageId)).ShouldBeNull();

        var letter = await service.Consumer.WaitForDeadLetterAsync(failing.MessageId);
        letter.Attempts.ShouldBe(ServiceFixture.MaxAttempts);
        letter.Reason.ShouldContain("Simulated transient failure");
        letter.LastFailure.ShouldBeGreaterThan(letter.FirstFailure);
        letter.Payload!.ShouldContain(failing.OrderId);
        var attempts = await service.WaitForAttemptsAsync(failing.MessageId, ServiceFixture.MaxAttempts, queue: Subscriptions.Emails);
        attempts.Count.ShouldBe(ServiceFixture.MaxAttempts);
        (await service.Consumer.ListDeadLettersAsync()).Count(other => other.MessageId == failing.MessageId).ShouldBe(1);
    }

    [Fact]
    public async Task C04_a_permanent_failure_is_not_retried()
    {
        var placed = await service.Producer.PlaceOrderAsync("permanent");

        var letter = await service.Consumer.WaitForDeadLetterAsync(placed.MessageId);
        letter.Attempts.ShouldBe(1);
        letter.Reason.ShouldContain("Simulated permanent failure");
        (await service.WaitForAttemptsAsync(placed.MessageId, 1, queue: Subscriptions.Emails)).Count.ShouldBe(1);
        (await service.Consumer.FindEmailAsync(placed.OrderId)).ShouldBeNull();
    }

    [Fact]
    public async Task C06_a_replayed_dead_letter_is_processed_once()
    {
        var placed = await service.Producer.PlaceOrderAsync($"transient-{ServiceFixture.MaxAttempts}");
        var before = await service.Consumer.WaitForDeadLetterAsync(placed.MessageId);

        await service.Consumer.ReplayAsync(placed.MessageId);

        var status = await service.Consumer.WaitForEmailAsync(placed.OrderId);
        status.ShouldBe(new(placed.OrderId, "processed", Effects: 1, Attempts: before.Attempts + 1));
        (await service.Consumer.FindDeadLetterAsync(placed.MessageId)).ShouldBeNull();

        // There is nothing left to replay, and publishing the order again with the same id changes nothing either.
        using (var again = await service.Consumer.PostAsync($"/ops/dead-letters/{placed.MessageId}/replay", content: null, TestContext.Current.CancellationToken))
        {
            again.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        await SendAgainAsync(placed);
        await service.WaitForAttemptsAsync(placed.MessageId, before.Attempts + 2, queue: Subscriptions.Emails);
        (await service.Consumer.FindEmailAsync(placed.OrderId))!.Effects.ShouldBe(1);
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
        await WaitForBothAsync(2);

        await Parallel.ForEachAsync(
            Enumerable.Range(0, 10_000),
            new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = TestContext.Current.CancellationToken },
            async (_, _) => await service.Producer.PlaceOrderAsync("coffee"));

        await SendAgainAsync(placed);
        await WaitForBothAsync(3);

        (await service.Consumer.WaitForEmailAsync(placed.OrderId)).Effects.ShouldBe(1);
        (await service.Consumer.WaitForAnalyticsAsync(placed.OrderId)).Effects.ShouldBe(1);

        async Task WaitForBothAsync(int attempts)
        {
            await service.WaitForAttemptsAsync(placed.MessageId, attempts, TimeSpan.FromMinutes(3), Subscriptions.Emails);
            await service.WaitForAttemptsAsync(placed.MessageId, attempts, TimeSpan.FromMinutes(3), Subscriptions.Analytics);
        }
    }

    [Fact]
    public async Task Each_confirmation_is_announced_and_a_failed_one_is_not()
    {
        var announced = new ConcurrentBag<string>();
        await using var subscription = await service.Wire.ObserveAsync<EmailSent>(
            message => announced.Add(message.OrderId), TestContext.Current.CancellationToken);

        var failing = await service.Producer.PlaceOrderAsync("permanent");
        var retried = await service.Producer.PlaceOrderAsync("transient-1");
        var healthy = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => service.Producer.PlaceOrderAsync("coffee")));
        var expected = healthy.Append(retried).Select(order => order.OrderId).ToHashSet();

        await service.Consumer.WaitForDeadLetterAsync(failing.MessageId);
        await Eventually.TrueAsync(() => Task.FromResult(expected.IsSubsetOf(announced)), "not every confirmation was announced");
        announced.Where(expected.Contains).ShouldBeUnique();
        announced.ShouldNotContain(failing.OrderId);
    }

    /// <summary>Past the producer, and so past what the broker itself may do against duplicates: the inbox has to notice.</summary>
    private Task SendAgainAsync(OrderAccepted placed)
    {
        var payload = $$"""{"orderId":"{{placed.OrderId}}","sku":"coffee","quantity":1,"placedAt":"2026-01-31T08:30:00Z","region":"eu"}""";
        return service.Wire.SendAsync(
            Destinations.OrdersPlaced,
            service.Wire.Encode("acme-1.order.placed.v2", placed.MessageId, Encoding.UTF8.GetBytes(payload), Subscriptions.EmailsRegion),
            TestContext.Current.CancellationToken);
    }
}
