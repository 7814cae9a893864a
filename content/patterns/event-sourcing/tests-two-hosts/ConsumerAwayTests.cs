namespace Acme._1.Tests;

public sealed class ConsumerAwayTests(ServiceFixture service)
{
    [Fact]
    public async Task What_happens_while_there_is_no_consumer_is_in_the_balances_when_there_is_one_again()
    {
        var accounts = Enumerable.Range(0, 20).Select(_ => AccountsClient.NewAccount()).ToArray();
        await service.Hosts.WithoutConsumerAsync(() => Task.WhenAll(accounts.Select(account => service.Producer.DepositAsync(account, 2))));
        await service.WaitUntilReadyAsync();

        foreach (var account in accounts)
        {
            (await service.Consumer.WaitForBalanceAsync(account, 1)).ShouldBe(new(account, 2, 1));
        }
    }
}
