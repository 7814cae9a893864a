using Npgsql;

namespace Acme._1.Consumer.Stores;

internal static class PostgresDocuments
{
    /// <summary>
    /// Lets one transaction at a time work on a document. A row lock would not do: the first message about something finds no
    /// row to lock, and two of them would both believe that they are the first.
    /// </summary>
    public static async Task LockAsync(this NpgsqlConnection connection, string document, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", connection)
        {
            Parameters = { new() { Value = $"acme-1/{document}" } },

            // No limit (seconds): how long the other message may take is its handler's timeout.
            CommandTimeout = 0,
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
