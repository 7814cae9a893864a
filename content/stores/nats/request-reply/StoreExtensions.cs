using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: the quotes that were given, in NATS's key-value store.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddNatsBuckets(NatsQuoteStore.Bucket);
        builder.Services.AddSingleton<IQuoteStore, NatsQuoteStore>();
    }
}
