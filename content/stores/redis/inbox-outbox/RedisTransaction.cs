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
    /// Notes the message and runs the commands (1), or does neither because the message was noted before (0) or because what
    /// the handler has read is out of date (-1). Redis does not undo what a script has done before a command that this user
    /// may not run, so the permissions are looked at first.
    /// </summary>
    /// <remarks>
    /// KEYS: inbox, then those of the versions and the commands. ARGV: message, retention in ms, how many versions, then the
    /// key and the number of each, then for each command its length and its words.
    /// </remarks>
    private const string Commit = """
        local i = 4
        for _ = 1, ARGV[3] do
          if (redis.call('HGET', ARGV[i], 'version') or '0') ~= ARGV[i + 1] then
            return -1
          end
          i = i + 2
        end
        local commands = {}
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

    private const int OutOfDate = -1;

    private readonly HashSet<string> _keys = [];
    private readonly Dictionary<string, long> _versions = [];
    private readonly List<RedisValue> _commands = [];
    private bool _hasMessages;

    public async Task<bool> RunOnceAsync(string queue, string messageId, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        RedisValue message = $"{queue} {messageId}";
        while (true)
        {
            if (await store.RunWhenAvailableAsync(database => database.SortedSetScoreAsync(Inbox, message), cancellationToken) is not null)
            {
                return false;
            }

            await work(cancellationToken);

            // Nothing was written so far. If a twin has been faster, this does nothing, and what the handler did is forgotten.
            var committed = await CommitAsync(message, cancellationToken);
            if (committed != OutOfDate)
            {
                return committed == 1;
            }

            // Again, on what is there by now. That may be our own: it was committed, and the answer got lost.
            _keys.Clear();
            _versions.Clear();
            _commands.Clear();
            _hasMessages = false;
        }
    }

    public void Add<T>(T message)
        where T : class
    {
        var outgoing = OutgoingMessage.Create(message, options.Value.MaxMessageBytes);
        OnCommit("HSET", RedisOutbox.Messages, outgoing.MessageId, RedisOutbox.Write(outgoing));
        OnCommit("ZADD", RedisOutbox.Ids, 0, outgoing.MessageId);
        _hasMessages = true;
    }

    /// <summary>
    /// Commits only if the field <c>version</c> of this hash is still the same (0: it is not there). If it is not, all that was
    /// collected is dropped, and the work is run again.
    /// </summary>
    /// <param name="key">Its key, from <see cref="RedisStore.Key"/>.</param>
    /// <param name="version">The version that was read. Whoever writes to the hash has to raise it.</param>
    public void Expect(string key, long version)
    {
        _keys.Add(key);
        _versions[key] = version;
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

    private async Task<int> CommitAsync(RedisValue message, CancellationToken cancellationToken)
    {
        RedisKey[] keys = [Inbox, .. _keys.Select(key => (RedisKey)key)];
        RedisValue[] versions = [.. _versions.SelectMany<KeyValuePair<string, long>, RedisValue>(expected => [expected.Key, expected.Value])];
        RedisValue[] arguments = [message, (long)Retention.TotalMilliseconds, _versions.Count, .. versions, .. _commands];
        var committed = await store.RunWhenAvailableAsync(database => database.ScriptEvaluateAsync(Commit, keys, arguments), cancellationToken);
        if (_hasMessages)
        {
            signal.Set();
        }

        return (int)committed;
    }
}
