using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: the quotes that were given, in PostgreSQL.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddPostgres(PostgresQuoteStore.Schema);
        builder.Services.AddSingleton<IQuoteStore, PostgresQuoteStore>();
    }
}
