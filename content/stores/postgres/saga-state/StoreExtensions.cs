using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: sagas and the participants' records, with inbox and outbox, in PostgreSQL.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddPostgres(PostgresSchema.InboxAndOutbox, PostgresStepRecords.Schema, PostgresSagaStore.Schema);
        builder.AddPostgresInboxAndOutbox();
        builder.Services.AddScoped<ISagaStore, PostgresSagaStore>();
        builder.Services.AddScoped<IStepRecords, PostgresStepRecords>();
    }
}
