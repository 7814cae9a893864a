using System.Net;
using System.Net.Http.Json;

namespace Acme._1.Tests;

/// <summary>The tools for the person on duty.</summary>
public sealed class OpsTests(ServiceFixture service)
{
    [Fact]
    public async Task Dead_letters_are_listed_newest_first_and_no_more_than_asked_for()
    {
        var older = await service.Producer.PlaceOrderAsync("permanent");
        await service.Consumer.WaitForDeadLetterAsync(older.MessageId);
        var newer = await service.Producer.PlaceOrderAsync("permanent");
        await service.Consumer.WaitForDeadLetterAsync(newer.MessageId);

        var two = await service.Consumer.GetFromJsonAsync<DeadLetterInfo[]>("/ops/dead-letters?take=2", TestContext.Current.CancellationToken);
        two!.Select(letter => letter.MessageId).ShouldBe([newer.MessageId, older.MessageId]);

        using var response = await service.Consumer.GetAsync("/ops/dead-letters?take=0", TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_dead_letter_shows_what_was_sent_and_why_it_failed()
    {
        var placed = await service.Producer.PlaceOrderAsync("permanent");

        var letter = await service.Consumer.WaitForDeadLetterAsync(placed.MessageId);

        letter.Reason.ShouldContain("Simulated permanent failure");
        letter.FirstFailure.ShouldBe(letter.LastFailure);
        letter.LastFailure.ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
        letter.Headers.ShouldNotBeNull().ShouldNotBeEmpty();
        letter.Payload!.ShouldContain(placed.OrderId);
    }

    [Fact]
    public async Task Looking_at_dead_letters_often_loses_none()
    {
        var placed = await service.Producer.PlaceOrderAsync("permanent");
        await service.Consumer.WaitForDeadLetterAsync(placed.MessageId);

        for (var times = 0; times < 30; times++)
        {
            (await service.Consumer.FindDeadLetterAsync(placed.MessageId)).ShouldNotBeNull();
        }
    }

    [Fact]
    public async Task A_discarded_dead_letter_is_gone()
    {
        var placed = await service.Producer.PlaceOrderAsync("permanent");
        await service.Consumer.WaitForDeadLetterAsync(placed.MessageId);

        using var first = await service.Consumer.DeleteAsync($"/ops/dead-letters/{placed.MessageId}", TestContext.Current.CancellationToken);
        using var second = await service.Consumer.DeleteAsync($"/ops/dead-letters/{placed.MessageId}", TestContext.Current.CancellationToken);

        first.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        second.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await service.Consumer.FindDeadLetterAsync(placed.MessageId)).ShouldBeNull();
    }

    [Fact]
    public async Task All_dead_letters_can_be_replayed_at_once()
    {
        var placed = await Task.WhenAll(
            Enumerable.Range(0, 5).Select(_ => service.Producer.PlaceOrderAsync($"transient-{ServiceFixture.MaxAttempts}")));
        foreach (var order in placed)
        {
            await service.Consumer.WaitForDeadLetterAsync(order.MessageId);
        }

        var before = await service.Consumer.ListDeadLettersAsync();
        using var response = await service.Consumer.PostAsync("/ops/dead-letters/replay", content: null, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();

        foreach (var order in placed)
        {
            await service.Consumer.WaitForOrderAsync(order.OrderId);
            (await service.Consumer.GetEffectsAsync(order.OrderId)).Values.ShouldAllBe(effects => effects.Done == 1);
        }

        // What other tests left behind was replayed with them, and dies again.
        foreach (var other in before.ExceptBy(placed.Select(order => order.MessageId), letter => letter.MessageId))
        {
            await Eventually.TrueAsync(
                async () => (await service.Consumer.FindDeadLetterAsync(other.MessageId))?.Replays > other.Replays,
                $"{other.MessageId} was replayed and did not die again");
        }
    }

    [Fact]
    public async Task The_queue_figures_count_dead_letters()
    {
        async Task<long> DeadLetteredAsync() => (await service.Consumer.GetFromJsonAsync<QueueInfo[]>("/ops/queues"))!.Sum(queue => queue.DeadLettered);

        var placed = await service.Producer.PlaceOrderAsync("permanent");
        await service.Consumer.WaitForDeadLetterAsync(placed.MessageId);

        // More than once, for a broker may count a moment later.
        await Eventually.TrueAsync(
            async () => (await service.Consumer.ListDeadLettersAsync()).Length == await DeadLetteredAsync(),
            "the figures do not count as many dead letters as there are in the list");
    }
}
