using System.Text.Json.Serialization;
using Acme._1.Messaging;

namespace Acme._1.Consumer.Stores;

/// <summary>What a processed message brings about, as far as it is not done yet.</summary>
internal sealed record InboxEntry(IReadOnlyList<Effect> Effects, IReadOnlyList<OutgoingMessage> Messages)
{
    public static readonly InboxEntry Done = new([], []);

    [JsonIgnore]
    public bool IsDone => Effects.Count == 0 && Messages.Count == 0;
}

/// <param name="Log">The key of the log it goes to.</param>
/// <param name="Id">What tells it from other effects.</param>
/// <param name="Attempt">The attempt that brought it about.</param>
internal sealed record Effect(string Log, string Id, int Attempt);

internal sealed record EffectLog(IReadOnlyList<LoggedEffect> Effects);

internal sealed record LoggedEffect(string Id, int Attempt);

[JsonSerializable(typeof(InboxEntry))]
[JsonSerializable(typeof(EffectLog))]
internal sealed partial class NatsStoreJsonContext : JsonSerializerContext;
