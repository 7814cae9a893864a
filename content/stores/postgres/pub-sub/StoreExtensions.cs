using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and what subscribers have done, in PostgreSQL.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddPostgres(PostgresSchema.InboxAndOutbox, PostgresOrderLog.Schema);
        builder.AddPostgresInboxAndOutbox();
        builder.Services.AddScoped<IOrderLog, PostgresOrderLog>();
    }
}
