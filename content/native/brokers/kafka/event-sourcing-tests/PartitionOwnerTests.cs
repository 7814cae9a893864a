using Acme._1.Contracts;
using Acme._1.EventStore;
using Microsoft.Extensions.DependencyInjection;
using static Acme._1.Tests.AccountsClient;

namespace Acme._1.Tests;

/// <summary>Two event stores that know nothing of each other, as in two processes: each takes the partition from the other.</summary>
public sealed class PartitionOwnerTests(ServiceFixture service)
{
    private const int Rounds = 20;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IEventStore Events => service.Hosts.ProducerServices.GetRequiredService<IEventStore>();

    [Fact]
    public async Task E1_of_two_owners_with_the_same_version_exactly_one_wins_each_round()
    {
        var other = CreateOther();
        await using var closing = (IAsyncDisposable)other;
        var account = NewAccount();
        for (var version = 0; version < Rounds; version++)
        {
            var wins = await Task.WhenAll(TryAppendAsync(Events, account, version), TryAppendAsync(other, account, version));
            wins.Count(won => won).ShouldBe(1, $"at version {version}");
        }

        foreach (var store in new[] { Events, other })
        {
            (await ReadVersionsAsync(store, account)).ShouldBe(Enumerable.Range(1, Rounds).Select(version => (long)version));
        }

        (await service.Consumer.WaitForBalanceAsync(account, Rounds)).ShouldBe(new(account, Rounds, Rounds));
    }

    [Fact]
    public async Task An_owner_that_was_replaced_reads_what_the_other_has_written_and_goes_on()
    {
        var other = CreateOther();
        await using var closing = (IAsyncDisposable)other;
        var account = NewAccount();
        for (var version = 0; version < Rounds; version++)
        {
            var (writer, reader) = version % 2 == 0 ? (Events, other) : (other, Events);
            (await TryAppendAsync(writer, account, version)).ShouldBeTrue($"at version {version}");
            (await ReadVersionsAsync(reader, account)).Count.ShouldBe(version + 1, $"what was confirmed at version {version} was not read");
        }
    }

    [Fact]
    public async Task An_owner_that_has_not_noticed_yet_that_it_was_replaced_appends_at_the_version_of_the_log()
    {
        var other = CreateOther();
        await using var closing = (IAsyncDisposable)other;
        var account = NewAccount();
        (await TryAppendAsync(Events, account, 0)).ShouldBeTrue();
        (await TryAppendAsync(other, account, 1)).ShouldBeTrue();

        // It has not read anything since: its own memory would say that version 1 is the last.
        (await TryAppendAsync(Events, account, 1)).ShouldBeFalse();
        (await TryAppendAsync(other, account, 2)).ShouldBeTrue();
        (await TryAppendAsync(Events, account, 3)).ShouldBeTrue();
        (await ReadVersionsAsync(Events, account)).ShouldBe([1, 2, 3, 4]);
    }

    private IEventStore CreateOther() => (IEventStore)ActivatorUtilities.CreateInstance(service.Hosts.ProducerServices, Events.GetType());

    private static async Task<bool> TryAppendAsync(IEventStore store, string account, long version)
    {
        try
        {
            var deposited = new Contracts.V2.AccountDeposited(account, version + 1, 1, DateTimeOffset.UnixEpoch);
            await store.AppendAsync(Streams.OfAccount(account), version, new(Guid.NewGuid().ToString(), deposited), Ct);
            return true;
        }
        catch (WrongExpectedVersionException)
        {
            return false;
        }
    }

    private static async Task<List<long>> ReadVersionsAsync(IEventStore store, string account) =>
        await store.ReadAsync(Streams.OfAccount(account), fromVersion: 1, Ct).Select(stored => stored.Version).ToListAsync(Ct);
}
