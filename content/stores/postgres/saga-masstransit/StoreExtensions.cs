using Acme._1.Consumer.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: sagas and the participants' records, with their inboxes and outboxes, in PostgreSQL.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddPostgres(PostgresSchema.InboxAndOutbox, PostgresStepRecords.Schema, SagaDbContext.Schema);
        builder.AddPostgresInboxAndOutbox();

        var services = builder.Services;
        services.AddSingleton<SchemaInterceptor>();
        services.AddDbContext<SagaDbContext>((provider, options) => options
            .UseNpgsql(

                // The failure policy retries. What comes by default does not, and hides that it was the database that failed.
                provider.GetRequiredService<NpgsqlDataSource>(), npgsql => npgsql.ExecutionStrategy(context => new NonRetryingExecutionStrategy(context)))

            // By default each statement is a line in the log.
            .ConfigureWarnings(events => events.Log((RelationalEventId.CommandExecuted, LogLevel.Debug)))
            .AddInterceptors(provider.GetRequiredService<SchemaInterceptor>()));
        services.AddScoped<IStepRecords, PostgresStepRecords>();
        services.AddScoped<ISagaReader, PostgresSagaReader>();
        services.AddScoped<ISagaTimeouts, PostgresSagaTimeouts>();
    }
}
