using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Acme._1.Contracts;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>
/// Makes the first connection, however long that takes, and looks at what it is connected to. From then on the client
/// itself reconnects.
/// </summary>
internal sealed partial class RedisConnection : BackgroundService, IRedisConnection, IAsyncDisposable
{
    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);
    private static readonly Version OldestServer = new(7, 0);

    /// <summary>The largest value that Redis takes, unless it is configured otherwise (<c>proto-max-bulk-len</c>).</summary>
    private const long DefaultMaxValueBytes = 512 * 1024 * 1024;

    private readonly TaskCompletionSource<ConnectionMultiplexer> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Signal _restored = new();
    private readonly ConfigurationOptions _configuration;
    private readonly HandlerRegistry _registry;
    private readonly TimeSpan _patience;
    private readonly int _replicas;
    private readonly TimeProvider _clock;
    private readonly ILogger<RedisConnection> _logger;

    private volatile string _problem = "not connected yet";
    private long _maxValueBytes = DefaultMaxValueBytes;
    private int _interruptions;

    /// <exception cref="ArgumentException">The connection string is none.</exception>
    public RedisConnection(
        IConfiguration configuration,
        HandlerRegistry registry,
        IOptions<MessagingOptions> options,
        IOptions<RedisOptions> redis,
        IHostEnvironment environment,
        TimeProvider clock,
        ILogger<RedisConnection> logger)
    {
        _registry = registry;
        _clock = clock;
        _logger = logger;
        _patience = options.Value.PublishTimeout;
        _replicas = redis.Value.Replicas;
        _configuration = ConfigurationOptions.Parse(configuration.GetBrokerConnectionString("localhost:6379"));
        _configuration.ClientName ??= environment.ApplicationName;
        _configuration.AllowAdmin = true; // for INFO; what this user may do, Redis decides
        _configuration.AbortOnConnectFail = true; // we try again ourselves, and know why it failed
        _configuration.ReconnectRetryPolicy = new ExponentialRetry((int)MinDelay.TotalMilliseconds, (int)MaxDelay.TotalMilliseconds);
        _configuration.IncludeDetailInExceptions = false; // they end up in answers and in the health check

        // The client's own limit holds for publishing too: a shorter one would end the wait before PublishTimeout does.
        _configuration.AsyncTimeout = Math.Max(_configuration.AsyncTimeout, (int)_patience.TotalMilliseconds);

        // With RESP3 the client needs one connection only, and to Redis that is a subscriber's: it would close it at a reply of
        // more than 32 MB (client-output-buffer-limit pubsub), such as a batch of large messages, again and again.
        _configuration.Protocol ??= RedisProtocol.Resp2;
    }

    public string? Problem => IsConnected ? null : _problem;

    /// <summary>What makes this Redis less than safe for messages, or null.</summary>
    public string? Warning { get; private set; }

    private bool IsConnected => _connected.Task is { IsCompletedSuccessfully: true, Result.IsConnected: true };

    /// <summary>Listens to a channel from now on, whenever there is a connection.</summary>
    /// <inheritdoc cref="RunAsync{T}" path="/exception"/>
    public Task SubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue> listener, CancellationToken cancellationToken) =>
        RunAsync(database => database.Multiplexer.GetSubscriber().SubscribeAsync(channel, listener), cancellationToken);

    /// <summary>For a caller who does not want to wait.</summary>
    /// <exception cref="BrokerUnavailableException">There is no connection.</exception>
    public void RequireConnected()
    {
        if (Problem is { } problem)
        {
            throw new BrokerUnavailableException($"Redis is not connected: {problem}");
        }
    }

    /// <summary>Sent anyway, what is too large would cost us the connection, and everyone who shares it.</summary>
    /// <exception cref="MessageTooLargeException">Redis does not take a value of so many bytes.</exception>
    public void RequireFits(int bytes)
    {
        var limit = Volatile.Read(ref _maxValueBytes);
        if (bytes > limit)
        {
            throw new MessageTooLargeException(bytes, (int)limit);
        }
    }

    public async Task<T> RunAsync<T>(Func<IDatabase, Task<T>> command, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await _connected.Task.WaitAsync(_patience, _clock, cancellationToken);
            return await command(connection.GetDatabase()).WaitAsync(cancellationToken);
        }
        catch (TimeoutException exception) when (exception is not RedisTimeoutException)
        {
            throw new BrokerUnavailableException($"There is no connection to Redis: {_problem}", exception);
        }
        catch (Exception exception) when (IsProblem(exception))
        {
            throw new BrokerUnavailableException($"Redis did not do it: {exception.Message}", exception);
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Func<IDatabase, Task> command, CancellationToken cancellationToken) => RunAsync(
        async database =>
        {
            await command(database);
            return true;
        },
        cancellationToken);

    /// <summary>
    /// Runs a command, and returns when as many replicas as are configured have what it has written. Only then will it be there
    /// after a failover.
    /// </summary>
    /// <inheritdoc cref="RunAsync{T}" path="/exception"/>
    public Task<T> RunConfirmedAsync<T>(Func<IDatabase, Task<T>> command, CancellationToken cancellationToken) => _replicas == 0
        ? RunAsync(command, cancellationToken)
        : RunAsync(
            async database =>
            {
                // WAIT is about what was written over the same connection. To one that was opened in between, it would say yes to nothing.
                var before = Volatile.Read(ref _interruptions);
                var written = command(database);
                var copies = database.ExecuteAsync("WAIT", _replicas, (long)(_patience / 2).TotalMilliseconds);
                await Task.WhenAll(written, copies);
                return (int)await copies >= _replicas && before == Volatile.Read(ref _interruptions)
                    ? await written
                    : throw new RedisException($"it is not known to be on {_replicas} replicas");
            },
            cancellationToken);

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task<RedisResult> RunScriptAsync(string script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken) =>
        RunAsync(database => database.ScriptEvaluateAsync(script, keys, arguments), cancellationToken);

    /// <summary>Creates the streams and consumer groups of the queues and subscriptions, where they are not there yet.</summary>
    /// <param name="database">Where.</param>
    /// <param name="since">
    /// Where a new subscription begins: with what is published from now on; or, if Redis has lost it while we ran, with
    /// whatever is there again. On a topic that keeps everything it always begins with the first message.
    /// </param>
    /// <exception cref="InvalidOperationException">A key holds something else. The message names it, and the fix.</exception>
    public async Task DeclareAsync(IDatabase database, RedisValue since)
    {
        foreach (var destination in MessageTypes.All.Select(type => type.Destination).Distinct())
        {
            if (destination.Kind is DestinationKind.Queue)
            {
                await DeclareQueueAsync(new(destination.Name));
            }
            else if (destination.Kind is DestinationKind.Topic)
            {
                await RequireAsync(new RedisTopic(destination.Name).Stream, RedisType.Stream);
            }
        }

        foreach (var source in RedisSource.Of(_registry).Where(source => source.IsTopic))
        {
            await DeclareQueueAsync(source.Queue);
            await DeclareGroupAsync(source.Stream, source.Group, source.IsKept ? StreamPosition.Beginning : since);
        }

        async Task DeclareQueueAsync(RedisQueue queue)
        {
            await RequireAsync(queue.Stream, RedisType.Stream);
            await RequireAsync(queue.Retry, RedisType.Stream);
            await RequireAsync(queue.RetryDue, RedisType.SortedSet);
            await RequireAsync(queue.DeadLetters, RedisType.Stream);

            // From the beginning: what was sent before there was a consumer is work, too.
            await DeclareGroupAsync(queue.Stream, RedisQueue.Group, StreamPosition.Beginning);
        }

        async Task DeclareGroupAsync(RedisKey stream, string group, RedisValue position)
        {
            try
            {
                await database.StreamCreateConsumerGroupAsync(stream, group, position);
            }
            catch (RedisServerException exception) when (exception.Message.StartsWith("BUSYGROUP", StringComparison.Ordinal))
            {
                // It exists.
            }
        }

        async Task RequireAsync(RedisKey key, RedisType expected)
        {
            var actual = await database.KeyTypeAsync(key);
            if (actual != expected && actual != RedisType.None)
            {
                throw new InvalidOperationException(
                    $"The key {key} in Redis is a {actual}, and this service needs a {expected} of that name. Something else uses the name: "
                    + "rename or delete that key, or choose another database (defaultDatabase in ConnectionStrings:broker).");
            }
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever keeps us from connecting is reported by the health check and tried again.")]
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var delay = MinDelay; !stoppingToken.IsCancellationRequested; delay = delay * 2 > MaxDelay ? MaxDelay : delay * 2)
        {
            ConnectionMultiplexer? connection = null;
            try
            {
                connection = await ConnectionMultiplexer.ConnectAsync(_configuration).WaitAsync(stoppingToken);
                await InspectAsync(connection);
                await DeclareAsync(connection.GetDatabase(), since: StreamPosition.NewMessages);
                Watch(connection);
                _connected.SetResult(connection);
                LogConnected(EndPoints);
                await InspectWhenRestoredAsync(connection, stoppingToken);
                return;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (InvalidOperationException exception) when (exception is not ObjectDisposedException)
            {
                // This Redis does not fit, and waiting does not change that. The host stops and says why.
                Environment.ExitCode = 1;
                throw;
            }
            catch (Exception exception)
            {
                // Where nobody answers, the client's own message is advice on its settings.
                _problem = exception is RedisConnectionException { InnerException: null }
                    ? $"no Redis answers at {EndPoints}"
                    : exception.GetBaseException().Message;
                LogNotConnected(exception, _problem, delay);
            }

            if (connection is not null)
            {
                await connection.DisposeAsync();
            }

            await Task.Delay(delay, _clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connected.Task.IsCompletedSuccessfully)
        {
            await (await _connected.Task).DisposeAsync();
        }

        _restored.Dispose();
        Dispose();
    }

    public static bool IsProblem(Exception exception) =>
        exception is RedisException or RedisTimeoutException or RedisCommandException or ObjectDisposedException;

    // Not the whole connection string: it may hold a password.
    private string EndPoints => string.Join(", ", _configuration.EndPoints);

    private void Watch(ConnectionMultiplexer connection)
    {
        connection.ConfigurationChanged += (_, _) => Interlocked.Increment(ref _interruptions);
        connection.ConnectionFailed += (_, failure) =>
        {
            Interlocked.Increment(ref _interruptions);
            _problem = $"{failure.FailureType}: {failure.Exception?.GetBaseException().Message ?? "connection lost"}";
            LogLost(_problem);
        };
        connection.ConnectionRestored += (_, _) => _restored.Set();
    }

    /// <summary>It may be another server than before.</summary>
    private async Task InspectWhenRestoredAsync(ConnectionMultiplexer connection, CancellationToken stoppingToken)
    {
        while (true)
        {
            await _restored.WaitAsync(Timeout.InfiniteTimeSpan, stoppingToken);
            try
            {
                await InspectAsync(connection);
                LogRestored();
            }
            catch (Exception exception) when (IsProblem(exception))
            {
                LogLost(exception.Message);
            }
        }
    }

    /// <exception cref="InvalidOperationException">The server is too old.</exception>
    private async Task InspectAsync(ConnectionMultiplexer connection)
    {
        string? warning = null;
        var maxValueBytes = DefaultMaxValueBytes;
        foreach (var server in connection.GetServers().Where(server => server is { IsConnected: true, IsReplica: false }))
        {
            if (server.Version < OldestServer)
            {
                throw new InvalidOperationException($"Redis {server.Version} at {server.EndPoint} is too old: this service needs {OldestServer} or later.");
            }

            warning ??= await FindWarningAsync(server);
            maxValueBytes = Math.Min(maxValueBytes, await FindMaxValueBytesAsync(server));
        }

        Volatile.Write(ref _maxValueBytes, maxValueBytes);

        if (warning is not null && warning != Warning)
        {
            LogUnsafe(warning);
        }

        Warning = warning;
    }

    private async Task<string?> FindWarningAsync(IServer server)
    {
        Dictionary<string, string> info;
        try
        {
            info = (await server.InfoAsync()).SelectMany(section => section).DistinctBy(line => line.Key).ToDictionary();
        }
        catch (RedisServerException exception) when (exception.Message.StartsWith("NOPERM", StringComparison.Ordinal))
        {
            return "this user may not call INFO, so it is not known whether Redis keeps messages on disk (appendonly) and never evicts them (maxmemory-policy)";
        }

        // "volatile" policies evict keys with a time to live only, and ours have none.
        return info.GetValueOrDefault("maxmemory_policy") is { } policy && policy.StartsWith("allkeys", StringComparison.Ordinal)
            ? $"Redis may delete whole queues when its memory is full: maxmemory-policy is {policy}, set it to noeviction"
            : info.GetValueOrDefault("aof_enabled") == "0"
                ? "Redis may lose confirmed messages when it restarts: appendonly is off, set it to yes"

                // A master that comes back after a failover takes writes until it is told that it is none any more.
                : _replicas > 0 && !info.ContainsKey("min_slaves_good_slaves")
                    ? "Redis may lose messages at a failover: min-replicas-to-write is 0, set it to 1"
                    : null;
    }

    private static async Task<long> FindMaxValueBytesAsync(IServer server)
    {
        try
        {
            var setting = await server.ConfigGetAsync("proto-max-bulk-len");
            return setting.Length > 0 ? long.Parse(setting[0].Value, CultureInfo.InvariantCulture) : DefaultMaxValueBytes;
        }
        catch (RedisServerException)
        {
            // Users without rights, and hosted servers, do not have CONFIG. Few change this setting.
            return DefaultMaxValueBytes;
        }
    }

    [LoggerMessage(LogLevel.Information, "Connected to Redis at {EndPoints}")]
    private partial void LogConnected(string endPoints);

    [LoggerMessage(LogLevel.Warning, "Not connected to Redis ({Problem}), next try in {Delay}")]
    private partial void LogNotConnected(Exception exception, string problem, TimeSpan delay);

    [LoggerMessage(LogLevel.Warning, "The connection to Redis failed: {Problem}")]
    private partial void LogLost(string problem);

    [LoggerMessage(LogLevel.Information, "The connection to Redis is back")]
    private partial void LogRestored();

    [LoggerMessage(LogLevel.Warning, "{Warning}")]
    private partial void LogUnsafe(string warning);
}
