using Acme._1.Contracts;

namespace Acme._1.Messaging;

internal static partial class KeptTopics
{
    private static readonly HashSet<string> EventLogs =
        [.. MessageTypes.All.Select(type => type.Destination).Where(destination => destination.IsEventLog).Select(destination => destination.Name)];

    static partial void Find(string topic, ref bool isKept) => isKept = EventLogs.Contains(topic);
}
