namespace MqService.Harness.Faults.Hostile;

/// <summary>A message that nobody should send.</summary>
/// <param name="What">What is wrong with it, for the history.</param>
/// <param name="Fate">What must become of it.</param>
/// <param name="Headers">In order, and not always once each. A value is bytes, or what only some brokers have a type for.</param>
/// <param name="Body">The bytes; null where a broker knows a message without any.</param>
internal sealed record HostileMessage(string What, Fate Fate, IReadOnlyList<KeyValuePair<string, object?>> Headers, byte[]? Body);

internal enum Fate
{
    /// <summary>It cannot be read, or makes no sense.</summary>
    DeadLetter,

    /// <summary>Strange, but whether a store takes it is for the store to say.</summary>
    ProcessedOrDeadLetter,
}
