namespace Acme._1.Tests;

public sealed class SubscribersAwayTests(ServiceFixture service)
{
    [Fact]
    public async Task Who_has_subscribed_once_gets_what_is_published_while_it_is_away()
    {
        OrderAccepted[] placed = [];
        await service.Hosts.WithoutConsumerAsync(async () =>
            placed = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => service.Producer.PlaceOrderAsync("coffee"))));
        await service.WaitUntilReadyAsync();

        foreach (var order in placed)
        {
            await service.Consumer.WaitForEmailAsync(order.OrderId);
            await service.Consumer.WaitForAnalyticsAsync(order.OrderId);
        }
    }
}
