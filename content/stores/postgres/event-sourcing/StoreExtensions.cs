using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and balances, in PostgreSQL.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddPostgres(PostgresSchema.InboxAndOutbox, PostgresBalanceStore.Schema);
        builder.AddPostgresInboxAndOutbox();
        builder.Services.AddScoped<IBalanceStore, PostgresBalanceStore>();
    }
}
