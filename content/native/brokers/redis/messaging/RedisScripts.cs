namespace Acme._1.Messaging.Redis;

/// <summary>
/// What has to happen as a whole or not at all. Redis runs a script alone, but does not undo what a failing one has
/// done: each writes the copy first and removes the original last, so that in the worst case there are two.
/// The client sends a script's text once and then calls it by its hash.
/// </summary>
internal static class RedisScripts
{
    /// <summary>
    /// Forgets messages that are done, whoever holds them by now. Deleting them too keeps the stream as long as there is
    /// work, and never touches a message that is still pending, as trimming to a length would.
    /// </summary>
    /// <remarks>KEYS: stream. ARGV: group, then ids.</remarks>
    public const string Complete = """
        redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
        redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
        """;

    /// <summary>Puts a copy aside until it is due, and forgets the original. Does nothing if the message is no longer ours.</summary>
    /// <remarks>KEYS: stream, retry, retry due. ARGV: group, consumer, id, delay in ms, then the copy. The clock is that of Redis.</remarks>
    public const string Retry = """
        if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2]) == 0 then
          return
        end
        redis.call('ZCARD', KEYS[3]) -- if that key is something else, this fails while there is no copy yet
        local time = redis.call('TIME')
        local copy = redis.call('XADD', KEYS[2], '*', unpack(ARGV, 5))
        redis.call('ZADD', KEYS[3], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[4], copy)
        redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
        redis.call('XDEL', KEYS[1], ARGV[3])
        """;

    /// <summary>Puts a copy aside until it is due.</summary>
    /// <remarks>KEYS: retry, retry due. ARGV: delay in ms, then the copy. The clock is that of Redis.</remarks>
    public const string AddRetry = """
        redis.call('ZCARD', KEYS[2]) -- if that key is something else, this fails while there is no copy yet
        local time = redis.call('TIME')
        local copy = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))
        redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1], copy)
        """;

    /// <summary>Puts a copy into the dead-letter queue, and forgets the original. Does nothing if the message is no longer ours.</summary>
    /// <remarks>KEYS: stream, dead letters. ARGV: group, consumer, id, then the copy.</remarks>
    public const string DeadLetter = """
        if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2]) == 0 then
          return
        end
        redis.call('XADD', KEYS[2], '*', unpack(ARGV, 4))
        redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
        redis.call('XDEL', KEYS[1], ARGV[3])
        """;

    /// <summary>Brings back what is due, and says in how many milliseconds the next message will be (-1: there is none).</summary>
    /// <remarks>KEYS: stream, retry, retry due. ARGV: how many at most, channel, signal.</remarks>
    public const string MoveDue = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local due = redis.call('ZRANGE', KEYS[3], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
        for _, id in ipairs(due) do
          local message = redis.call('XRANGE', KEYS[2], id, id)[1]
          if message then
            redis.call('XADD', KEYS[1], '*', unpack(message[2]))
            redis.call('XDEL', KEYS[2], id)
          end
          redis.call('ZREM', KEYS[3], id)
        end
        if #due > 0 then
          redis.call('PUBLISH', ARGV[2], ARGV[3])
        end
        local next = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
        return next[2] and math.max(next[2] - now, 0) or -1
        """;

    /// <summary>Renews the claim on the messages that are still ours, and returns the others: settled, or someone else's by now.</summary>
    /// <remarks>KEYS: stream. ARGV: group, consumer, then ids. JUSTID leaves the delivery count alone.</remarks>
    public const string Extend = """
        local lost = {}
        for i = 3, #ARGV do
          if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2]) == 0 then
            table.insert(lost, ARGV[i])
          else
            redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
          end
        end
        return lost
        """;

    /// <summary>
    /// Gives back messages that were fetched and not begun. They look as if nobody had cared for them since yesterday,
    /// and so can be claimed at once; and as if they had not been delivered.
    /// </summary>
    /// <remarks>KEYS: stream. ARGV: group, consumer, channel, signal, then ids.</remarks>
    public const string Release = """
        for i = 5, #ARGV do
          if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2]) == 1 then
            redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'IDLE', 86400000, 'RETRYCOUNT', 0, 'JUSTID')
          end
        end
        redis.call('PUBLISH', ARGV[3], ARGV[4])
        """;

    /// <summary>
    /// Removes consumers that have been silent for long, and the one named. Removing a consumer forgets what it has
    /// pending: one that has anything stays, until others have claimed it.
    /// </summary>
    /// <remarks>KEYS: stream. ARGV: group, silence in ms, name.</remarks>
    public const string RemoveConsumers = """
        for _, reply in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
          local consumer = {}
          for i = 1, #reply, 2 do
            consumer[reply[i]] = reply[i + 1]
          end
          if consumer.pending == 0 and (consumer.idle > tonumber(ARGV[2]) or consumer.name == ARGV[3]) then
            redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
          end
        end
        """;

    /// <summary>Sends a dead letter back to its queue. Returns 0 if it is not there any more.</summary>
    /// <remarks>KEYS: dead letters, stream. ARGV: id, channel, signal, then the copy.</remarks>
    public const string Replay = """
        if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then
          return 0
        end
        redis.call('XADD', KEYS[2], '*', unpack(ARGV, 4))
        redis.call('PUBLISH', ARGV[2], ARGV[3])
        return redis.call('XDEL', KEYS[1], ARGV[1])
        """;

    /// <summary>What is in the stream, pending, in retry and dead, all at the same moment.</summary>
    /// <remarks>KEYS: stream, retry due, dead letters. ARGV: group.</remarks>
    public const string Figures = """
        return {
          redis.call('XLEN', KEYS[1]),
          redis.call('XPENDING', KEYS[1], ARGV[1])[1],
          redis.call('ZCARD', KEYS[2]),
          redis.call('XLEN', KEYS[3]),
        }
        """;

    /// <summary>What a group has not read yet, and what it has pending.</summary>
    /// <remarks>
    /// KEYS: stream. ARGV: group. Redis does not know the first figure of a group that began in the middle of the stream and
    /// has not reached its end since; then it is at most the stream's length.
    /// </remarks>
    public const string TopicFigures = """
        for _, reply in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
          local group = {}
          for i = 1, #reply, 2 do
            group[reply[i]] = reply[i + 1]
          end
          if group.name == ARGV[1] then
            return { group.lag or redis.call('XLEN', KEYS[1]), group.pending }
          end
        end
        return { 0, 0 }
        """;

    /// <summary>Removes from a topic what all groups are done with, and never what one of them has not read or not acknowledged.</summary>
    /// <remarks>KEYS: stream.</remarks>
    public const string TrimTopic = """
        local function before(a, b)
          local a1, a2 = string.match(a, '(%d+)-(%d+)')
          local b1, b2 = string.match(b, '(%d+)-(%d+)')
          return tonumber(a1) < tonumber(b1) or (a1 == b1 and tonumber(a2) < tonumber(b2))
        end
        local keep = nil
        for _, reply in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
          local group = {}
          for i = 1, #reply, 2 do
            group[reply[i]] = reply[i + 1]
          end
          local first = redis.call('XPENDING', KEYS[1], group.name)[2] or group['last-delivered-id']
          if not keep or before(first, keep) then
            keep = first
          end
        end
        if keep then
          redis.call('XTRIM', KEYS[1], 'MINID', keep)
        else
          redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)
        end
        """;

    /// <summary>
    /// Adds news for those who have subscribed by creating a consumer group; where there is no stream, nobody has. Trims now
    /// and then, because the subscribers may be programs that do not.
    /// </summary>
    /// <remarks>KEYS: stream. ARGV: channel, signal, then the message.</remarks>
    public const string PublishToTopic = """
        if not redis.call('XADD', KEYS[1], 'NOMKSTREAM', '*', unpack(ARGV, 3)) then
          return
        end
        redis.call('PUBLISH', ARGV[1], ARGV[2])
        if redis.call('XLEN', KEYS[1]) % 100 ~= 0 then
          return
        end

        """ + TrimTopic;
}
