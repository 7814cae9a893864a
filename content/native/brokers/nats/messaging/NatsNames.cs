using System.Security.Cryptography;
using System.Text;

namespace Acme._1.Messaging.Nats;

/// <summary>
/// The streams of a queue. A destination is a subject; the stream that keeps its messages has the same name with
/// <c>_</c> for each dot, because names of streams have none.
/// </summary>
internal static class NatsNames
{
    /// <summary>The durable consumer of each stream that belongs to one queue.</summary>
    public const string Workers = "workers";

    /// <summary>The durable consumer of a queue that is subscribed to a topic, in the topic's stream.</summary>
    public static string Subscriber(string queue) => StreamOf(queue);

    public static string StreamOf(string destination) => destination.Replace('.', '_');

    /// <summary>Where a message with this <see cref="Envelope.Subject"/> is published, so that a consumer can ask for just these.</summary>
    public static string SubjectOf(string destination, string? subject) => subject is null ? destination : $"{destination}.{subject}";

    public static string Retries(string queue) => $"{queue}.retry";

    public static string Quarantine(string queue) => $"{queue}.quarantine";

    public static string DeadLetters(string queue) => $"{queue}.dlq";

    public static string Retry(string queue, int round) => $"{queue}.retry.{round}";

    /// <summary>A replay goes the way of a retry, without a delay: to this queue alone, whatever topics feed it.</summary>
    public static string Replay(string queue) => Retry(queue, round: 0);

    /// <summary>
    /// A subject for each message id, so that the server can find a dead letter by it. Hashed, because an id may hold
    /// characters that mean something in a subject.
    /// </summary>
    public static string DeadLetter(string queue, string messageId) =>
        $"{DeadLetters(queue)}.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(messageId)).AsSpan(0, 16))}";
}
