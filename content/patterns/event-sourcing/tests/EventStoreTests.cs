using System.Net;
using System.Text.Json;
using Acme._1.Contracts;
using Acme._1.EventStore;
using Acme._1.Producer;
using Microsoft.Extensions.DependencyInjection;
using static Acme._1.Tests.AccountsClient;

namespace Acme._1.Tests;

/// <summary>What the truth is made of: expected versions, old events, snapshots.</summary>
public sealed class EventStoreTests(ServiceFixture service)
{
    private const int Rounds = 100;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IEventStore Events => service.Hosts.ProducerServices.GetRequiredService<IEventStore>();

    private ISnapshotStore Snapshots => service.Hosts.ProducerServices.GetRequiredService<ISnapshotStore>();

    [Fact]
    public async Task E1_of_two_clients_with_the_same_version_exactly_one_wins_each_round()
    {
        var account = NewAccount();
        for (var version = 0; version < Rounds; version++)
        {
            var statuses = await Task.WhenAll(PostAsync(version), PostAsync(version));
            statuses.ShouldBe([HttpStatusCode.OK, HttpStatusCode.Conflict], ignoreOrder: true, $"at version {version}");
        }

        (await service.Producer.FindAccountAsync(account)).ShouldBe(new(account, Rounds, Rounds));
        (await service.Consumer.WaitForBalanceAsync(account, Rounds)).ShouldBe(new(account, Rounds, Rounds));

        async Task<HttpStatusCode> PostAsync(long version)
        {
            using var response = await service.Producer.PostMoneyAsync($"/accounts/{account}/deposits", new { amount = 1 }, ifMatch: version);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task E1_of_two_writers_at_the_store_itself_exactly_one_wins_each_round()
    {
        var account = NewAccount();
        var stream = Streams.OfAccount(account);
        for (var version = 0; version < Rounds; version++)
        {
            var wins = await Task.WhenAll(TryAppendAsync(version), TryAppendAsync(version));
            wins.Count(won => won).ShouldBe(1, $"at version {version}");
        }

        (await Events.ReadAsync(stream, fromVersion: 1, Ct).Select(stored => stored.Version).ToListAsync(Ct))
            .ShouldBe(Enumerable.Range(1, Rounds).Select(version => (long)version));

        async Task<bool> TryAppendAsync(long version)
        {
            try
            {
                await Events.AppendAsync(stream, version, NewEventAt(account, version + 1), Ct);
                return true;
            }
            catch (WrongExpectedVersionException)
            {
                return false;
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task An_event_is_appended_at_the_version_of_the_stream_and_at_no_other(long wrong)
    {
        var account = NewAccount();
        await service.Producer.DepositAsync(account);
        await service.Producer.DepositAsync(account);

        await Should.ThrowAsync<WrongExpectedVersionException>(
            () => Events.AppendAsync(Streams.OfAccount(account), wrong, NewEventAt(account, wrong + 1), Ct));

        (await service.Producer.FindAccountAsync(account)).ShouldBe(new(account, 2, 2));
    }

    [Fact]
    public async Task An_event_is_found_by_its_id_in_its_own_stream()
    {
        var account = NewAccount();
        var moved = await service.Producer.DepositAsync(account, 4);

        var found = await Events.FindAsync(Streams.OfAccount(account), moved.EventId, Ct);
        found.ShouldNotBeNull().Version.ShouldBe(1);
        found.Data.ShouldBeOfType<Contracts.V2.AccountDeposited>().Amount.ShouldBe(4);
        (await Events.FindAsync(Streams.OfAccount(NewAccount()), moved.EventId, Ct)).ShouldBeNull();
        (await Events.FindAsync(Streams.OfAccount(account), "no-such-id", Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task All_events_can_be_read_on_from_any_position()
    {
        var account = NewAccount();
        for (var number = 0; number < 5; number++)
        {
            await service.Producer.DepositAsync(account);
        }

        var all = await Events.ReadAllAsync(afterPosition: null, Ct).ToListAsync(Ct);
        var mine = all.Where(stored => stored.Stream == Streams.OfAccount(account)).ToList();
        mine.Select(stored => stored.Version).ShouldBe([1, 2, 3, 4, 5]);

        var rest = await Events.ReadAllAsync(mine[1].Position, Ct).ToListAsync(Ct);
        rest.Where(stored => stored.Stream == Streams.OfAccount(account)).Select(stored => stored.Version).ShouldBe([3, 4, 5]);
    }

    [Fact]
    public async Task E3_events_of_version_1_are_upcast_when_they_are_read()
    {
        // As an old version of this service has written them.
        var account = NewAccount();
        var stream = Streams.OfAccount(account);
        await Events.AppendAsync(stream, 0, new(Guid.NewGuid().ToString(), new Contracts.V1.AccountDeposited(account, 1, Cents: 1250)), Ct);
        await Events.AppendAsync(stream, 1, new(Guid.NewGuid().ToString(), new Contracts.V1.AccountWithdrawn(account, 2, Cents: 200)), Ct);

        (await service.Producer.FindAccountAsync(account)).ShouldBe(new(account, 10.5m, 2));
        (await service.Producer.DepositAsync(account, 4.5m)).Version.ShouldBe(3);
        (await service.Producer.FindAccountAsync(account)).ShouldBe(new(account, 15, 3));
        (await service.Consumer.WaitForBalanceAsync(account, 3)).ShouldBe(new(account, 15, 3));

        var read = await Events.ReadAsync(stream, fromVersion: 1, Ct).Select(stored => stored.Data).ToListAsync(Ct);
        read[0].ShouldBeOfType<Contracts.V2.AccountDeposited>().Amount.ShouldBe(12.5m);
        read[1].ShouldBeOfType<Contracts.V2.AccountWithdrawn>().Amount.ShouldBe(2);
    }

    [Fact]
    public async Task E4_an_account_is_the_same_with_a_snapshot_without_one_and_with_an_old_one()
    {
        const int Deposits = AccountSnapshots.Interval + 5;
        var account = NewAccount();
        var stream = Streams.OfAccount(account);
        for (var number = 0; number < Deposits; number++)
        {
            await service.Producer.DepositAsync(account, 2);
        }

        var expected = new AccountState(account, 2 * Deposits, Deposits);
        var snapshot = await Snapshots.FindAsync(stream, Ct);
        snapshot.ShouldNotBeNull("the account has had enough events for a snapshot").Version.ShouldBe(AccountSnapshots.Interval);
        (await service.Producer.FindAccountAsync(account)).ShouldBe(expected);

        await Snapshots.DeleteAsync(stream, Ct);
        (await service.Producer.FindAccountAsync(account)).ShouldBe(expected);

        // What another version of the code has written counts for nothing, whatever it says; neither does rubbish.
        await Snapshots.SaveAsync(snapshot with { SchemaVersion = AccountSnapshots.SchemaVersion - 1, State = StateOf(account, 999) }, Ct);
        (await service.Producer.FindAccountAsync(account)).ShouldBe(expected);
        await Snapshots.SaveAsync(snapshot with { State = "{"u8.ToArray() }, Ct);
        (await service.Producer.FindAccountAsync(account)).ShouldBe(expected);

        // And it is read at all: one that lies would be believed.
        await Snapshots.SaveAsync(snapshot with { State = StateOf(account, 1000) }, Ct);
        (await service.Producer.FindAccountAsync(account)).ShouldBe(expected with { Balance = 1010 });
        await Snapshots.DeleteAsync(stream, Ct);
        (await service.Producer.FindAccountAsync(account)).ShouldBe(expected);
    }

    private static byte[] StateOf(string account, decimal balance) =>
        JsonSerializer.SerializeToUtf8Bytes(new Account(account, balance, AccountSnapshots.Interval));

    private static NewEvent NewEventAt(string account, long version) =>
        new(Guid.NewGuid().ToString(), new Contracts.V2.AccountDeposited(account, version, 1, DateTimeOffset.UnixEpoch));
}
