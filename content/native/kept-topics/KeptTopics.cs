namespace Acme._1.Messaging;

/// <summary>
/// The topics of which nothing is ever removed, however long all subscribers are done with it: what is in them is nowhere
/// else. All other topics are trimmed.
/// </summary>
internal static partial class KeptTopics
{
    public static bool Contains(string topic)
    {
        var isKept = false;
        Find(topic, ref isKept);
        return isKept;
    }

    // Implemented where a pattern has such topics; elsewhere there is none.
    static partial void Find(string topic, ref bool isKept);
}
