using System.Diagnostics;
using System.Net;
using System.Text;
using Acme._1.Contracts;

namespace Acme._1.Tests;

/// <summary>What happens to requests: each is answered, refused, or given up in time, and never mixed up with another.</summary>
public sealed class RequestReplyTests(ServiceFixture service)
{
    [Fact]
    public async Task C01_each_of_200_requests_is_answered_and_its_quote_issued_once()
    {
        var keys = Enumerable.Range(0, 200).Select(_ => NewKey()).ToArray();
        await Task.WhenAll(keys.Select(key => service.Producer.GetQuoteAsync("coffee", idempotencyKey: key)));

        foreach (var key in keys)
        {
            (await service.Consumer.WaitForIssuedQuoteAsync(key)).Attempts.ShouldBe(1);
            service.AttemptsOf(key).Count.ShouldBe(1);
        }
    }

    [Fact]
    public async Task R1_a_request_that_takes_too_long_is_a_504_and_its_late_answer_reaches_nobody()
    {
        var key = NewKey();
        var started = Stopwatch.GetTimestamp();

        // The handler takes longer than the requester waits (five seconds), and answers then.
        (await service.Producer.FailToGetQuoteAsync("slow-6", key)).ShouldBe(HttpStatusCode.GatewayTimeout);
        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(30));

        // Others wait for theirs while it comes, and get theirs.
        var quotes = await Task.WhenAll(Enumerable.Range(1, 50).Select(quantity => service.Producer.GetQuoteAsync("tea", quantity)));
        quotes.Select(quote => quote.Quantity).ShouldBe(Enumerable.Range(1, 50));
        await service.Consumer.WaitForIssuedQuoteAsync(key);
        await service.WaitUntilIdleAsync();
        (await service.Consumer.FindDeadLetterAsync(key)).ShouldBeNull();
    }

    [Fact]
    public async Task R2_each_of_500_concurrent_requests_gets_its_own_answer()
    {
        var quotes = await Task.WhenAll(
            Enumerable.Range(1, 500).Select(async number => (Number: number, Quote: await service.Producer.GetQuotePatientlyAsync($"article-{number}", number))));

        foreach (var (number, quote) in quotes)
        {
            quote.ShouldBe(new($"article-{number}", number, quote.UnitPrice, quote.UnitPrice * number));
            quote.UnitPrice.ShouldBeGreaterThan(0);
        }
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-3")]
    [InlineData("10001")]
    public async Task A_refusal_is_an_answer_and_no_failure(string quantity)
    {
        var key = NewKey();
        using var response = await service.Producer.SendQuoteRequestAsync("coffee", quantity, key);

        response.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain($"not {quantity}");
        (await service.Consumer.FindDeadLetterAsync(key)).ShouldBeNull();
        (await service.Consumer.FindIssuedQuoteAsync(key)).ShouldBeNull();
    }

    [Fact]
    public async Task C02_a_transient_failure_is_retried_while_the_requester_waits()
    {
        var key = NewKey();
        await service.Producer.GetQuoteAsync("transient-2", idempotencyKey: key);

        (await service.Consumer.WaitForIssuedQuoteAsync(key)).Attempts.ShouldBe(3);
        (await service.Consumer.FindDeadLetterAsync(key)).ShouldBeNull();

        var attempts = await service.WaitForAttemptsAsync(key, 3);

        // A busy machine makes a delay longer, but never shorter than it was set, less the jitter.
        var delays = attempts.Zip(attempts.Skip(1), (before, after) => after.StartTimeUtc - before.StartTimeUtc).ToArray();
        delays[0].ShouldBeGreaterThan(ServiceFixture.BaseDelay * 0.75);
        delays[1].ShouldBeGreaterThan(ServiceFixture.BaseDelay * 2 * 0.75);
    }

    [Fact]
    public async Task C03_a_failure_that_does_not_end_becomes_one_dead_letter_and_the_others_are_answered_meanwhile()
    {
        var key = NewKey();
        var failing = service.Producer.FailToGetQuoteAsync("transient-always", key);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => service.Producer.GetQuoteAsync("coffee")));

        // The retries take a second and a half; the healthy requests did not wait for their end.
        (await service.Consumer.FindDeadLetterAsync(key)).ShouldBeNull();

        var letter = await service.Consumer.WaitForDeadLetterAsync(key);
        letter.Attempts.ShouldBe(ServiceFixture.MaxAttempts);
        letter.Reason.ShouldContain("Simulated transient failure");
        letter.LastFailure.ShouldBeGreaterThan(letter.FirstFailure);
        letter.Payload!.ShouldContain("transient-always");
        (await service.WaitForAttemptsAsync(key, ServiceFixture.MaxAttempts)).Count.ShouldBe(ServiceFixture.MaxAttempts);
        (await service.Consumer.ListDeadLettersAsync()).Count(other => other.MessageId == key).ShouldBe(1);
        (await failing).ShouldBe(HttpStatusCode.GatewayTimeout);
        (await service.Consumer.FindIssuedQuoteAsync(key)).ShouldBeNull();
    }

    [Fact]
    public async Task C04_a_permanent_failure_is_not_retried_and_the_requester_learns_of_it_at_once()
    {
        var key = NewKey();
        (await service.Producer.FailToGetQuoteAsync("permanent", key)).ShouldBe(HttpStatusCode.UnprocessableEntity);

        var letter = await service.Consumer.WaitForDeadLetterAsync(key);
        letter.Attempts.ShouldBe(1);
        letter.Reason.ShouldContain("Simulated permanent failure");
        (await service.WaitForAttemptsAsync(key, 1)).Count.ShouldBe(1);
        (await service.Consumer.FindIssuedQuoteAsync(key)).ShouldBeNull();
    }

    [Fact]
    public async Task C06_a_replayed_dead_letter_is_handled_though_nobody_waits_for_its_answer()
    {
        var key = NewKey();
        (await service.Producer.FailToGetQuoteAsync($"transient-{ServiceFixture.MaxAttempts}", key)).ShouldBe(HttpStatusCode.GatewayTimeout);
        var before = await service.Consumer.WaitForDeadLetterAsync(key);

        await service.Consumer.ReplayAsync(key);

        var issued = await service.Consumer.WaitForIssuedQuoteAsync(key);
        issued.Attempts.ShouldBe(before.Attempts + 1);
        (await service.Consumer.FindDeadLetterAsync(key)).ShouldBeNull();
    }

    [Fact]
    public async Task C06_a_replayed_dead_letter_that_dies_again_keeps_its_history()
    {
        var key = NewKey();
        await service.Producer.FailToGetQuoteAsync("permanent", key);
        var before = await service.Consumer.WaitForDeadLetterAsync(key);

        for (var replays = 1; replays <= 2; replays++)
        {
            await service.Consumer.ReplayAsync(key);
            var after = await Eventually.NotNullAsync(
                async () => await service.Consumer.FindDeadLetterAsync(key) is { } letter && letter.Replays == replays ? letter : null,
                $"{key} did not die again");

            after.Attempts.ShouldBe(1 + replays);
            after.FirstFailure.ShouldBe(before.FirstFailure);
            after.LastFailure.ShouldBeGreaterThan(before.LastFailure);
            after.PayloadBase64.ShouldBe(before.PayloadBase64);
        }
    }

    [Fact]
    public async Task C07_the_same_request_twice_is_one_quote_and_the_same_answer_also_10_000_requests_later()
    {
        var key = NewKey();
        var twins = await Task.WhenAll(
            service.Producer.GetQuoteAsync("coffee", 3, key),
            service.Producer.GetQuoteAsync("coffee", 3, key));
        twins[1].ShouldBe(twins[0]);
        var issued = await service.Consumer.WaitForIssuedQuoteAsync(key);

        await Parallel.ForEachAsync(
            Enumerable.Range(0, 10_000),
            new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = TestContext.Current.CancellationToken },
            async (_, _) => await service.Producer.GetQuotePatientlyAsync("tea"));

        (await service.Producer.GetQuoteAsync("coffee", 3, key)).ShouldBe(twins[0]);
        (await service.Consumer.WaitForIssuedQuoteAsync(key)).ShouldBe(issued);
    }

    [Fact]
    public async Task An_id_that_was_used_for_another_request_is_refused()
    {
        var key = NewKey();
        await service.Producer.GetQuoteAsync("coffee", 3, key);
        var issued = await service.Consumer.WaitForIssuedQuoteAsync(key);

        using var response = await service.Producer.SendQuoteRequestAsync("tea", "3", key);

        response.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await service.Consumer.WaitForIssuedQuoteAsync(key)).ShouldBe(issued);
    }

    [Fact]
    public async Task A_request_that_wants_no_answer_is_handled_all_the_same()
    {
        var key = NewKey();
        await service.Wire.SendAsync(
            Destinations.Quotes,
            service.Wire.Encode("acme-1.quote.requested.v1", key, Encoding.UTF8.GetBytes("""{"sku":"coffee","quantity":2}""")),
            TestContext.Current.CancellationToken);

        (await service.Consumer.WaitForIssuedQuoteAsync(key)).Quote.Quantity.ShouldBe(2);
    }

    private static string NewKey() => Guid.CreateVersion7().ToString();
}
