using Acme._1.Consumer.Stores;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: sagas and the participants' records, with inbox and outbox, in NATS's key-value store.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddNatsBuckets(NatsSagaDocuments.Sagas, NatsSagaDocuments.Steps, NatsWaitingSagas.Bucket);

        var services = builder.Services;
        services.AddSingleton<NatsSagaDocuments>();
        services.AddSingleton<NatsWaitingSagas>();
        services.AddHostedService(provider => provider.GetRequiredService<NatsWaitingSagas>());
        services.AddScoped<NatsSagaTransaction>();
        services.AddScoped<IInbox>(provider => provider.GetRequiredService<NatsSagaTransaction>());
        services.AddScoped<IOutbox>(provider => provider.GetRequiredService<NatsSagaTransaction>());
        services.AddScoped<ISagaStore, NatsSagaStore>();
        services.AddScoped<IStepRecords, NatsStepRecords>();
    }
}
