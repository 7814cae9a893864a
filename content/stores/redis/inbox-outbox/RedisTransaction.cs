using Acme._1.Messaging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// Everything that a message brings about: the note that it was processed (inbox), its effects and the messages it leads to
/// (outbox). It is collected while the handler runs, and one script commits it, together or not at all.
/// </summary>
internal sealed class RedisTransaction(RedisStore store, OutboxSignal signal, IOptions<MessagingOptions> options) : IInbox, IOutbox
{
    /// <summary>Longer than any broker or client repeats itself.</summary>
    private static readonly TimeSpan Retention = TimeSpan.FromDays(7);

    /// <summary>A sorted set: processed messages by the time at which they were. Not a key with a time to live each: those may be evicted.</summary>
    private static readonly string Inbox = RedisStore.Key("inbox");

    /// <summary>
    /// Notes the message and runs the commands, or does neither because the message was noted before. Redis does not undo
    /// what a script has done before a command that this user may not run, so the permissions are looked at first.
    /// </summary>
    /// <remarks>KEYS: inbox, then those of the commands. ARGV: message, retention in ms, then for each command its length and its words.</remarks>
    private const string Commit = """
        local commands = {}
        local i = 3
        while i <= #ARGV do
          local command = { unpack(ARGV, i + 1, i + ARGV[i]) }
          if not redis.acl_check_cmd(unpack(command)) then
            return redis.error_reply('NOPERM this user may not ' .. command[1] .. ' ' .. command[2])
          end
          table.insert(commands, command)
          i = i + ARGV[i] + 1
        end
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)

        -- A few with each new one: never many at once.
        local old = redis.call('ZRANGE', KEYS[1], '-inf', now - ARGV[2], 'BYSCORE', 'LIMIT', 0, 10)
        if #old > 0 then
          redis.call('ZREM', KEYS[1], unpack(old))
        end
        if redis.call('ZADD', KEYS[1], 'NX', now, ARGV[1]) == 0 then
          return 0
        end
        for _, command in ipairs(commands) do
          redis.call(unpack(command))
        end
        return 1
        """;

    private readonly HashSet<string> _keys = [];
    private readonly List<RedisValue> _commands = [];
    private bool _hasMessages;

    public async Task<bool> RunOnceAsync(string queue, string messageId, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        RedisValue message = $"{queue} {messageId}";
        if (await store.RunWhenAvailableAsync(database => database.SortedSetScoreAsync(Inbox, message), cancellationToken) is not null)
        {
            return false;
        }

        await work(cancellationToken);

        // Nothing was written so far. If a twin has been faster, this does nothing, and what the handler did is forgotten.
        var committed = await store.RunWhenAvailableAsync(
            database => database.ScriptEvaluateAsync(
                Commit,
                [Inbox, .. _keys.Select(key => (RedisKey)key)],
                [message, (long)Retention.TotalMilliseconds, .. _commands]),
            cancellationToken);
        if (_hasMessages)
        {
            signal.Set();
        }

        return (bool)committed;
    }

    public void Add<T>(T message)
        where T : class
    {
        var outgoing = OutgoingMessage.Create(message, options.Value.MaxMessageBytes);
        OnCommit("HSET", RedisOutbox.Messages, outgoing.MessageId, RedisOutbox.Write(outgoing));
        OnCommit("ZADD", RedisOutbox.Ids, 0, outgoing.MessageId);
        _hasMessages = true;
    }

    /// <summary>Runs this command when the handler has succeeded, and not before.</summary>
    /// <param name="command">Its name, such as <c>HSET</c>.</param>
    /// <param name="key">Its key, from <see cref="RedisStore.Key"/>.</param>
    /// <param name="arguments">What follows the key.</param>
    public void OnCommit(string command, string key, params ReadOnlySpan<RedisValue> arguments)
    {
        _keys.Add(key);
        _commands.Add(arguments.Length + 2);
        _commands.Add(command);
        _commands.Add(key);
        _commands.AddRange(arguments);
    }
}
