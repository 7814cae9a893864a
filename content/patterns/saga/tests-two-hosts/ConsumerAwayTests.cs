namespace Acme._1.Tests;

public sealed class ConsumerAwayTests(ServiceFixture service)
{
    [Fact]
    public async Task Orders_wait_for_a_consumer_that_is_away()
    {
        OrderAccepted[] placed = [];
        await service.Hosts.WithoutConsumerAsync(async () =>
            placed = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => service.Producer.PlaceOrderAsync("coffee"))));
        await service.WaitUntilReadyAsync();

        foreach (var order in placed)
        {
            await service.Consumer.WaitForOrderAsync(order.OrderId);
        }
    }
}
