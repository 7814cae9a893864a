using System.Net;
using System.Text;
using Acme._1.Contracts;
using static Acme._1.Tests.AccountsClient;

namespace Acme._1.Tests;

/// <summary>What becomes of events: each reaches the balances once, whatever happens to its message.</summary>
public sealed class EventSourcingTests(ServiceFixture service)
{
    [Fact]
    public async Task C01_each_of_200_deposits_to_20_accounts_counts_once()
    {
        var accounts = Enumerable.Range(0, 20).Select(_ => NewAccount()).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(number => service.Producer.DepositAsync(accounts[number % accounts.Length], 1.25m)));

        foreach (var account in accounts)
        {
            (await service.Consumer.WaitForBalanceAsync(account, 10)).ShouldBe(new(account, 12.5m, 10));
            (await service.Producer.FindAccountAsync(account)).ShouldBe(new(account, 12.5m, 10));
        }
    }

    [Fact]
    public async Task C01_each_of_200_deposits_to_one_account_counts_once()
    {
        var account = NewAccount();
        var moved = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => service.Producer.DepositAsync(account, 0.01m)));

        moved.Select(one => one.Version).Order().ShouldBe(Enumerable.Range(1, 200).Select(version => (long)version));
        (await service.Consumer.WaitForBalanceAsync(account, 200)).ShouldBe(new(account, 2m, 200));
        await service.WaitUntilIdleAsync();
        (await service.Consumer.FindBalanceAsync(account)).ShouldBe(new(account, 2m, 200));
        (await service.Producer.FindAccountAsync(account)).ShouldBe(new(account, 2m, 200));
    }

    [Fact]
    public async Task Deposits_and_withdrawals_add_up()
    {
        var account = NewAccount();
        await service.Producer.DepositAsync(account, 100m);
        await service.Producer.WithdrawAsync(account, 30.5m);
        (await service.Producer.WithdrawAsync(account, 69.5m)).Balance.ShouldBe(0);

        (await service.Consumer.WaitForBalanceAsync(account, 3)).ShouldBe(new(account, 0, 3));
    }

    [Fact]
    public async Task C02_a_transient_failure_is_retried_with_growing_delays()
    {
        var account = NewAccount("transient-2");
        var moved = await service.Producer.DepositAsync(account, 5);

        (await service.Consumer.WaitForBalanceAsync(account, 1)).ShouldBe(new(account, 5, 1));
        (await service.Consumer.FindDeadLetterAsync(moved.EventId)).ShouldBeNull();

        var attempts = await service.WaitForAttemptsAsync(moved.EventId, 3);

        // A busy machine makes a delay longer, but never shorter than it was set, less the jitter.
        var delays = attempts.Zip(attempts.Skip(1), (before, after) => after.StartTimeUtc - before.StartTimeUtc).ToArray();
        delays.Length.ShouldBe(2);
        delays[0].ShouldBeGreaterThan(ServiceFixture.BaseDelay * 0.75);
        delays[1].ShouldBeGreaterThan(ServiceFixture.BaseDelay * 2 * 0.75);
    }

    [Fact]
    public async Task C03_a_failure_that_does_not_end_becomes_one_dead_letter_and_the_others_flow_meanwhile()
    {
        var failingAccount = NewAccount("transient-always");
        var failing = await service.Producer.DepositAsync(failingAccount);
        var accounts = Enumerable.Range(0, 50).Select(_ => NewAccount()).ToArray();
        await Task.WhenAll(accounts.Select(account => service.Producer.DepositAsync(account)));

        foreach (var account in accounts)
        {
            (await service.Consumer.WaitForBalanceAsync(account, 1)).ShouldBe(new(account, 1, 1));
        }

        // The retries take a second and a half; the healthy accounts did not wait for their end.
        (await service.Consumer.FindDeadLetterAsync(failing.EventId)).ShouldBeNull();

        var letter = await service.Consumer.WaitForDeadLetterAsync(failing.EventId);
        letter.Attempts.ShouldBe(ServiceFixture.MaxAttempts);
        letter.Reason.ShouldContain("Simulated transient failure");
        letter.LastFailure.ShouldBeGreaterThan(letter.FirstFailure);
        letter.Payload!.ShouldContain(failingAccount);
        (await service.WaitForAttemptsAsync(failing.EventId, ServiceFixture.MaxAttempts)).Count.ShouldBe(ServiceFixture.MaxAttempts);
        (await service.Consumer.ListDeadLettersAsync()).Count(other => other.MessageId == failing.EventId).ShouldBe(1);

        // The event is in the store all the same: what failed is the projection, and not the deposit.
        (await service.Producer.FindAccountAsync(failingAccount)).ShouldBe(new(failingAccount, 1, 1));
        (await service.Consumer.FindBalanceAsync(failingAccount)).ShouldBeNull();
    }

    [Fact]
    public async Task C04_a_permanent_failure_is_not_retried()
    {
        var account = NewAccount("permanent");
        var moved = await service.Producer.DepositAsync(account);

        var letter = await service.Consumer.WaitForDeadLetterAsync(moved.EventId);
        letter.Attempts.ShouldBe(1);
        letter.Reason.ShouldContain("Simulated permanent failure");
        (await service.WaitForAttemptsAsync(moved.EventId, 1)).Count.ShouldBe(1);
        (await service.Consumer.FindBalanceAsync(account)).ShouldBeNull();
    }

    [Fact]
    public async Task C06_a_replayed_dead_letter_is_processed_once()
    {
        var account = NewAccount($"transient-{ServiceFixture.MaxAttempts}");
        var moved = await service.Producer.DepositAsync(account, 7);
        var before = await service.Consumer.WaitForDeadLetterAsync(moved.EventId);

        await service.Consumer.ReplayAsync(moved.EventId);

        (await service.Consumer.WaitForBalanceAsync(account, 1)).ShouldBe(new(account, 7, 1));
        (await service.Consumer.FindDeadLetterAsync(moved.EventId)).ShouldBeNull();

        // There is nothing left to replay, and the message changes nothing when it comes again.
        using (var again = await service.Consumer.PostAsync($"/ops/dead-letters/{moved.EventId}/replay", content: null, TestContext.Current.CancellationToken))
        {
            again.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        await SendAgainAsync(account, moved.EventId, amount: 7);
        await service.WaitForAttemptsAsync(moved.EventId, before.Attempts + 2);
        (await service.Consumer.FindBalanceAsync(account)).ShouldBe(new(account, 7, 1));
    }

    [Fact]
    public async Task C06_a_replayed_dead_letter_that_dies_again_keeps_its_history()
    {
        var moved = await service.Producer.DepositAsync(NewAccount("permanent"));
        var before = await service.Consumer.WaitForDeadLetterAsync(moved.EventId);

        for (var replays = 1; replays <= 2; replays++)
        {
            await service.Consumer.ReplayAsync(moved.EventId);
            var died = $"{moved.EventId} did not die again";
            var after = await Eventually.NotNullAsync(
                async () => await service.Consumer.FindDeadLetterAsync(moved.EventId) is { } letter && letter.Replays == replays ? letter : null, died);

            after.Attempts.ShouldBe(1 + replays);
            after.FirstFailure.ShouldBe(before.FirstFailure);
            after.LastFailure.ShouldBeGreaterThan(before.LastFailure);
            after.PayloadBase64.ShouldBe(before.PayloadBase64);
        }
    }

    [Fact]
    public async Task C07_the_same_message_twice_has_one_effect_whether_it_comes_at_once_or_10_000_messages_later()
    {
        var account = NewAccount();
        var eventId = Guid.CreateVersion7().ToString();
        await service.Producer.DepositAsync(account, 3, idempotencyKey: eventId);
        await SendAgainAsync(account, eventId, amount: 3);
        await service.WaitForAttemptsAsync(eventId, 2, TimeSpan.FromMinutes(3));

        var others = Enumerable.Range(0, 200).Select(_ => NewAccount()).ToArray();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 10_000),
            new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = TestContext.Current.CancellationToken },
            async (number, _) => await service.Producer.DepositAsync(others[number % others.Length]));

        await SendAgainAsync(account, eventId, amount: 3);
        await service.WaitForAttemptsAsync(eventId, 3, TimeSpan.FromMinutes(3));
        (await service.Consumer.FindBalanceAsync(account)).ShouldBe(new(account, 3, 1));

        foreach (var other in others)
        {
            (await service.Consumer.WaitForBalanceAsync(other, 50)).ShouldBe(new(other, 50, 50));
        }
    }

    [Fact]
    public async Task An_event_whose_predecessor_is_a_dead_letter_takes_the_balance_past_it()
    {
        var account = NewAccount($"transient-{ServiceFixture.MaxAttempts}");
        var first = await service.Producer.DepositAsync(account, 10);
        var second = await service.Producer.DepositAsync(account, 5);
        await service.Consumer.WaitForDeadLetterAsync(first.EventId);
        await service.Consumer.WaitForDeadLetterAsync(second.EventId);

        // Only the second: what the first would have told is read from the event store.
        await service.Consumer.ReplayAsync(second.EventId);
        (await service.Consumer.WaitForBalanceAsync(account, 2)).ShouldBe(new(account, 15, 2));
        (await service.Consumer.FindDeadLetterAsync(first.EventId)).ShouldNotBeNull();

        await service.Consumer.ReplayAsync(first.EventId);
        await service.WaitForAttemptsAsync(first.EventId, ServiceFixture.MaxAttempts + 1);
        await service.WaitUntilIdleAsync();
        (await service.Consumer.FindBalanceAsync(account)).ShouldBe(new(account, 15, 2));
    }

    [Fact]
    public async Task An_event_that_comes_before_its_predecessor_waits_for_it()
    {
        var account = NewAccount();
        var early = Guid.CreateVersion7().ToString();

        // Told of version 2 while there is no version 1 anywhere.
        await SendAsync(account, early, version: 2, amount: 5);
        await service.WaitForAttemptsAsync(early, 1);
        (await service.Consumer.FindBalanceAsync(account)).ShouldBeNull();

        await service.Producer.DepositAsync(account, 10);
        (await service.Consumer.WaitForBalanceAsync(account, 2)).ShouldBe(new(account, 15, 2));
    }

    /// <summary>Past the event store, and so past what the broker itself may do against duplicates: the inbox has to notice.</summary>
    private Task SendAgainAsync(string account, string eventId, decimal amount) => SendAsync(account, eventId, version: 1, amount);

    private Task SendAsync(string account, string eventId, long version, decimal amount)
    {
        var payload = $$"""{"accountId":"{{account}}","version":{{version}},"amount":{{amount}},"at":"2026-01-31T08:30:00Z"}""";
        return service.Wire.SendAsync(
            Destinations.Accounts,
            service.Wire.Encode("acme-1.account.deposited.v2", eventId, Encoding.UTF8.GetBytes(payload), account),
            TestContext.Current.CancellationToken);
    }
}
