using static Acme._1.Tests.AccountsClient;

namespace Acme._1.Tests;

/// <summary>The balances can be thrown away and made again, and nobody who reads them notices.</summary>
public sealed class ProjectionTests(ServiceFixture service)
{
    private const int Rebuilds = 3;

    [Fact]
    public async Task A_rebuild_goes_on_while_events_come_and_balances_are_read()
    {
        var accounts = Enumerable.Range(0, 20).Select(_ => NewAccount()).ToArray();
        await Task.WhenAll(accounts.Select(account => service.Producer.DepositAsync(account)));
        foreach (var account in accounts)
        {
            await service.Consumer.WaitForBalanceAsync(account, 1);
        }

        using var rebuilt = new CancellationTokenSource();
        var busy = accounts.Take(4).ToArray();
        var deposits = Task.WhenAll(busy.Select(DepositAsync));
        var reads = Task.WhenAll(busy.Select(ReadAsync));
        for (var times = 0; times < Rebuilds; times++)
        {
            await RebuildAsync();
        }

        await rebuilt.CancelAsync();
        int[] counts = [.. await deposits, .. accounts.Skip(busy.Length).Select(_ => 1)];
        await reads;

        // Live events were in both generations, and nothing was counted twice.
        foreach (var (account, count) in accounts.Zip(counts))
        {
            (await service.Consumer.WaitForBalanceAsync(account, count)).ShouldBe(new(account, count, count));
        }

        await RebuildAsync();
        foreach (var (account, count) in accounts.Zip(counts))
        {
            (await service.Consumer.FindBalanceAsync(account)).ShouldBe(new(account, count, count));
        }

        async Task<int> DepositAsync(string account)
        {
            var count = 1;
            for (; !rebuilt.IsCancellationRequested; count++)
            {
                await service.Producer.DepositAsync(account);
            }

            return count;
        }

        async Task ReadAsync(string account)
        {
            var version = 1L;
            while (!rebuilt.IsCancellationRequested)
            {
                var balance = await service.Consumer.FindBalanceAsync(account);
                balance.ShouldNotBeNull("an account that was there is gone");
                balance.Version.ShouldBeGreaterThanOrEqualTo(version, "the balances went back in time");
                balance.Balance.ShouldBe(balance.Version);
                version = balance.Version;
            }
        }
    }

    [Fact]
    public async Task A_rebuild_mends_what_a_dead_letter_has_left_out()
    {
        var account = NewAccount("permanent");
        var moved = await service.Producer.DepositAsync(account, 8);
        await service.Consumer.WaitForDeadLetterAsync(moved.EventId);
        (await service.Consumer.FindBalanceAsync(account)).ShouldBeNull();

        await RebuildAsync();

        (await service.Consumer.FindBalanceAsync(account)).ShouldBe(new(account, 8, 1));
    }

    private async Task RebuildAsync()
    {
        var before = await service.Consumer.RebuildAsync();
        var rebuild = before.Rebuild.ShouldNotBeNull();
        rebuild.Generation.ShouldBe(before.Generation + 1);

        // Of all events that the tests have made so far, which can be more than 10,000.
        ProjectionInfo? after = null;
        await Eventually.TrueAsync(
            async () => (after = await service.Consumer.GetProjectionAsync()).Generation == rebuild.Generation,
            () => Task.FromResult($"the rebuild has not ended: {after}"),
            TimeSpan.FromMinutes(2));
        after!.Rebuild.ShouldBeNull();
    }
}
