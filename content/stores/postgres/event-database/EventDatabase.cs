using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Acme._1.EventStore;

/// <summary>Opens connections to the database of the event store, whose tables exist.</summary>
internal sealed class EventDatabase(NpgsqlDataSource dataSource, IEnumerable<EventDatabase.Tables> tables) : IHealthCheck
{
    private readonly string _schema = string.Join('\n', tables.Select(part => part.Schema).Distinct());

    // The same lock as for the other tables: instances that start at the same time create them one after the other.
    private const string Lock = "SELECT pg_advisory_xact_lock(hashtext('acme-1.schema'));";

    private volatile bool _schemaExists;

    /// <exception cref="NpgsqlException">The database cannot be reached, or refused us.</exception>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        try
        {
            if (!_schemaExists)
            {
                await using var batch = new NpgsqlCommand($"{Lock}\n{_schema}", connection);
                await batch.ExecuteNonQueryAsync(cancellationToken);
                _schemaExists = true;
            }

            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "A health check reports every failure as the reason.")]
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var connection = await OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand("SELECT 1", connection);
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy("connected");
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy(exception.GetBaseException().Message);
        }
    }

    /// <summary>What has to be there.</summary>
    public sealed record Tables(string Schema);
}

internal static class EventDatabaseExtensions
{
    private const string HealthCheckName = "events";

    /// <summary>Adds the database, and these tables to it.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static void AddEventDatabase(this IHostApplicationBuilder builder, string schema)
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
        services.AddSingleton(new EventDatabase.Tables(schema));
        if (services.All(service => service.ServiceType != typeof(EventDatabase)))
        {
            services.AddSingleton<EventDatabase>();
            services.AddHealthChecks().AddCheck<EventDatabase>(HealthCheckName, tags: ["ready"]);
        }
    }
}
