using System.Security.Cryptography;
using System.Text;

namespace Acme._1.Messaging.Nats;

/// <summary>
/// The streams of a queue. A destination is a subject; the stream that keeps its messages has the same name with
/// <c>_</c> for each dot, because names of streams have none.
/// </summary>
internal static class NatsNames
{
    /// <summary>The durable consumer that all instances of a service share: each message goes to one of them.</summary>
    public const string Consumer = "workers";

    public static string StreamOf(string destination) => destination.Replace('.', '_');

    public static string Retries(string queue) => $"{queue}.retry";

    public static string Quarantine(string queue) => $"{queue}.quarantine";

    public static string DeadLetters(string queue) => $"{queue}.dlq";

    public static string Retry(string queue, int round) => $"{queue}.retry.{round}";

    /// <summary>
    /// A subject for each message id, so that the server can find a dead letter by it. Hashed, because an id may hold
    /// characters that mean something in a subject.
    /// </summary>
    public static string DeadLetter(string queue, string messageId) =>
        $"{DeadLetters(queue)}.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(messageId)).AsSpan(0, 16))}";
}
