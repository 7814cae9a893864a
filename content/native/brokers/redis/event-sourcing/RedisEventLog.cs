using Acme._1.Messaging.Redis;
using StackExchange.Redis;

namespace Acme._1.EventStore;

/// <summary>
/// The keys of the log. The part in braces is the topic's name, which is also the name of the topic's own key: a cluster has
/// all of them on one node, and so one script may touch them together.
/// </summary>
internal static class RedisEventLog
{
    /// <summary>The topic: what subscribers read is the log itself. Nothing is ever removed from it.</summary>
    public static readonly RedisTopic Topic = new(EventMessage.Log.Name);

    /// <summary>A hash: the place in the log by the event's id.</summary>
    public static readonly RedisKey Ids = $"{{{Topic.Name}}}.ids";

    /// <summary>A list for each stream: the places of its events in the log, in their order. As long as its version is high.</summary>
    public static RedisKey PlacesOf(string stream) => $"{{{Topic.Name}}}.stream:{stream}";

    /// <summary>
    /// Appends an event if its stream is at the expected version (1), or does nothing because it is not (0) or the event's id is
    /// used (-1). Redis does not undo what a script has done before a command that fails, so what can fail is tried first: a
    /// key of another type by reading it, a command that this user may not use by asking. A full memory or disk refuses the
    /// first write.
    /// </summary>
    /// <remarks>KEYS: log, places, ids. ARGV: expected version, event's id, channel, signal, then the event.</remarks>
    public const string Append = """
        if redis.call('LLEN', KEYS[2]) ~= tonumber(ARGV[1]) then
          return 0
        end
        if redis.call('HEXISTS', KEYS[3], ARGV[2]) == 1 then
          return -1
        end
        if not redis.acl_check_cmd('RPUSH', KEYS[2], '') or not redis.acl_check_cmd('HSET', KEYS[3], '', '') then
          return redis.error_reply('NOPERM this user may not RPUSH ' .. KEYS[2] .. ' or HSET ' .. KEYS[3])
        end
        local place = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 5))
        redis.call('RPUSH', KEYS[2], place)
        redis.call('HSET', KEYS[3], ARGV[2], place)
        redis.call('PUBLISH', ARGV[3], ARGV[4])
        return 1
        """;
}
