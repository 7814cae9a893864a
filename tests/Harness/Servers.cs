using Npgsql;

namespace MqService.Harness;

/// <summary>
/// The servers that generated services need, each started when first needed and shared by all, or taken from
/// the environment: <c>MQ_RABBITMQ</c> (amqp://…) and <c>MQ_POSTGRES</c> (an Npgsql connection string).
/// </summary>
/// <param name="combinations">The combinations that may ask for servers.</param>
/// <param name="purposes">What for: each combination has a virtual host and a database for each of them.</param>
public sealed class Servers(IReadOnlyCollection<Combination> combinations, IReadOnlyCollection<string> purposes) : IAsyncDisposable
{
    private readonly SemaphoreSlim gate = new(1);
    private RabbitMqServer? rabbitMq;
    private PostgresServer? postgres;

    public static string? ExternalRabbitMq => Environment.GetEnvironmentVariable("MQ_RABBITMQ");

    public static string? ExternalPostgres => Environment.GetEnvironmentVariable("MQ_POSTGRES");

    /// <summary>Why a combination cannot run here; null when it can.</summary>
    public static string? Missing(Combination combination) =>
        NeedsRabbitMq(combination) && ExternalRabbitMq is null && RabbitMqServer.Script is null ? "rabbitmq-server is not installed"
        : NeedsPostgres(combination) && ExternalPostgres is null && PostgresServer.ProgramFolder is null ? "postgresql is not installed"
        : null;

    /// <summary>
    /// The connection strings of a combination as environment variables: an empty virtual host and an empty database.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, string?>> EnvironmentAsync(Combination combination, string purpose, CancellationToken ct = default)
    {
        await gate.WaitAsync(ct);
        try
        {
            var variables = new Dictionary<string, string?>();
            if (NeedsRabbitMq(combination))
            {
                variables["ConnectionStrings__broker"] = ExternalRabbitMq
                    ?? (rabbitMq ??= await RabbitMqServer.StartAsync(combinations.SelectMany(c => purposes.Select(p => $"{c}-{p}")), ct)).ConnectionString($"{combination}-{purpose}");
            }

            if (NeedsPostgres(combination))
            {
                var server = ExternalPostgres ?? (postgres ??= await PostgresServer.StartAsync(ct)).ConnectionString;
                variables["ConnectionStrings__postgres"] = await NewDatabaseAsync(server, $"mq_{combination}_{purpose}".Replace('-', '_'), ct);
            }

            return variables;
        }
        finally
        {
            gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (rabbitMq is not null)
        {
            await rabbitMq.DisposeAsync();
        }

        if (postgres is not null)
        {
            await postgres.DisposeAsync();
        }

        gate.Dispose();
    }

    private static bool NeedsRabbitMq(Combination combination) => combination["broker"] == "rabbitmq";

    private static bool NeedsPostgres(Combination combination) => combination["store"] == "postgres";

    private static async Task<string> NewDatabaseAsync(string server, string name, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(server + ";Pooling=false");
        await connection.OpenAsync(ct);
        foreach (var statement in (string[])[$"DROP DATABASE IF EXISTS {name} WITH (FORCE)", $"CREATE DATABASE {name}"])
        {
#pragma warning disable CA2100 // The name comes from the choices in template.json.
            await using var command = new NpgsqlCommand(statement, connection);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(ct);
        }

        return new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
    }
}
