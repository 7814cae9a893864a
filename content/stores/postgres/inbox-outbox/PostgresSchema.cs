namespace Acme._1.Consumer.Stores;

internal static class PostgresSchema
{
    /// <summary>A message is processed once by each queue it is in: the subscribers of a topic each have theirs.</summary>
    public const string InboxAndOutbox =
        """
        CREATE TABLE IF NOT EXISTS inbox (
            queue        text NOT NULL,
            message_id   text NOT NULL,
            processed_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (queue, message_id)
        );
        CREATE INDEX IF NOT EXISTS inbox_processed_at ON inbox (processed_at);

        CREATE TABLE IF NOT EXISTS outbox (
            id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            message_id   text NOT NULL,
            type         text NOT NULL,
            payload      bytea NOT NULL,
            trace_parent text
        );
        """;
}
