using System.Text.Json.Serialization;
using Acme._1.Messaging;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// A saga, or what a participant knows of an order: one key of a bucket, and so one thing that changes as a whole. With
/// it are the messages that made it what it is, and those that it leads to.
/// </summary>
/// <param name="Saga">The saga.</param>
/// <param name="Step">What the participant knows.</param>
/// <param name="Handled">
/// The messages that it has handled: the inbox. There are few by nature, for a saga has some ten steps and a participant
/// two or three; what changed nothing is not noted.
/// </param>
/// <param name="Outgoing">The messages that have to be sent: the outbox. Empty when all is settled.</param>
/// <param name="IsOpen">True from when it was written until all that follows from it has happened.</param>
internal sealed record SagaDocument(
    OrderSagaState? Saga, StepRecord? Step, IReadOnlyList<string> Handled, IReadOnlyList<OutgoingMessage> Outgoing, bool IsOpen)
{
    public static readonly SagaDocument Empty = new(null, null, [], [], IsOpen: false);
}

/// <summary>A document, where it is kept, and which of its versions this is.</summary>
/// <param name="Revision">What the bucket calls this version: later ones have higher numbers.</param>
internal sealed record StoredDocument(string Bucket, string Key, SagaDocument Document, ulong Revision);

/// <summary>A saga that waits for an answer or for a person.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="DueAt">When to look whether it has waited too long, or null.</param>
/// <param name="ParkedAt">Since when it waits for a person, or null.</param>
/// <param name="Revision">The revision of the saga's document that says so.</param>
internal sealed record WaitingSaga(string OrderId, DateTimeOffset? DueAt, DateTimeOffset? ParkedAt, ulong Revision);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SagaDocument))]
[JsonSerializable(typeof(WaitingSaga))]
internal sealed partial class NatsSagaJsonContext : JsonSerializerContext;
