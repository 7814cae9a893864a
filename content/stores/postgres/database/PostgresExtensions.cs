using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Acme._1.Consumer.Stores;

internal static class PostgresExtensions
{
    /// <summary>Adds a database with these tables.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static void AddPostgres(this IHostApplicationBuilder builder, params string[] schema)
    {
        var connectionString = builder.Configuration.GetConnectionString("postgres");
        if (string.IsNullOrEmpty(connectionString))
        {
            throw new InvalidOperationException(
                "The connection string of PostgreSQL is missing. Set ConnectionStrings__postgres, "
                + "for example to Host=localhost;Username=orders;Password=orders;Database=orders");
        }

        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider =>
            new NpgsqlDataSourceBuilder(connectionString).UseLoggerFactory(provider.GetRequiredService<ILoggerFactory>()).Build());
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<PostgresDatabase>(provider, string.Join('\n', schema)));
        services.AddHealthChecks().AddCheck<PostgresDatabase>("store", tags: ["ready"]);
    }
}
