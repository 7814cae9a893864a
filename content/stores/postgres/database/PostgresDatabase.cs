using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Acme._1.Consumer.Stores;

/// <summary>Opens connections to a database whose tables exist.</summary>
internal sealed partial class PostgresDatabase(
    NpgsqlDataSource dataSource, string schema, TimeProvider clock, ILogger<PostgresDatabase> logger)
    : IHealthCheck
{
    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>Instances that start at the same time create the tables one after the other.</summary>
    private const string Lock = "SELECT pg_advisory_xact_lock(hashtext('acme-1.schema'));";

    private volatile bool _schemaExists;

    /// <summary>A connection, at once or not at all.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached, or refused us.</exception>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        try
        {
            await EnsureSchemaAsync(connection, cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates the tables, unless this process knows that they exist. For connections that others have opened.</summary>
    public async Task EnsureSchemaAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!_schemaExists)
        {
            await using var batch = new NpgsqlCommand($"{Lock}\n{schema}", connection);
            await batch.ExecuteNonQueryAsync(cancellationToken);
            _schemaExists = true;
        }
    }

    /// <summary>
    /// A connection, however long it takes. A message waits here while the database is away: its handler has not
    /// begun, so an outage costs no attempts and fills no dead-letter queue.
    /// </summary>
    public async Task<NpgsqlConnection> OpenWhenAvailableAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await OpenAsync(cancellationToken);
            }
            catch (NpgsqlException exception)
            {
                LogUnavailable(exception.Message);
                await Task.Delay(DelayAfterFailure, clock, cancellationToken);
            }
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

    [LoggerMessage(LogLevel.Warning, "PostgreSQL is not available: {Problem}")]
    private partial void LogUnavailable(string problem);
}
