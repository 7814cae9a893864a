using System.Diagnostics.CodeAnalysis;
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
internal sealed partial class RedisConnection : BackgroundService, IAsyncDisposable
{
    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);
    private static readonly Version OldestServer = new(7, 0);

    private readonly TaskCompletionSource<ConnectionMultiplexer> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Signal _restored = new();
    private readonly ConfigurationOptions _configuration;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _clock;
    private readonly ILogger<RedisConnection> _logger;

    private volatile string _problem = "not connected yet";

    /// <exception cref="ArgumentException">The connection string is none.</exception>
    public RedisConnection(
        IConfiguration configuration, IOptions<MessagingOptions> options, IHostEnvironment environment, TimeProvider clock, ILogger<RedisConnection> logger)
    {
        _clock = clock;
        _logger = logger;
        _patience = options.Value.PublishTimeout;
        _configuration = ConfigurationOptions.Parse(configuration.GetBrokerConnectionString("localhost:6379"));
        _configuration.ClientName ??= environment.ApplicationName;
        _configuration.AllowAdmin = true; // for INFO; what this user may do, Redis decides
        _configuration.AbortOnConnectFail = true; // we try again ourselves, and know why it failed
        _configuration.ReconnectRetryPolicy = new ExponentialRetry((int)MinDelay.TotalMilliseconds, (int)MaxDelay.TotalMilliseconds);
        _configuration.IncludeDetailInExceptions = false; // they end up in answers and in the health check
    }

    /// <summary>Why the connection failed last.</summary>
    public string Problem => _problem;

    /// <summary>What makes this Redis less than safe for messages, or null.</summary>
    public string? Warning { get; private set; }

    public bool IsConnected => _connected.Task is { IsCompletedSuccessfully: true, Result.IsConnected: true };

    /// <summary>Listens to a channel from now on, whenever there is a connection.</summary>
    /// <inheritdoc cref="RunAsync{T}" path="/exception"/>
    public Task SubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue> listener, CancellationToken cancellationToken) =>
        RunAsync(database => database.Multiplexer.GetSubscriber().SubscribeAsync(channel, listener), cancellationToken);

    /// <summary>For a caller who does not want to wait.</summary>
    /// <exception cref="BrokerUnavailableException">There is no connection.</exception>
    public void RequireConnected()
    {
        if (!IsConnected)
        {
            throw new BrokerUnavailableException($"Redis is not connected: {_problem}");
        }
    }

    /// <summary>Runs a command. While there is no connection it waits, for a limited time.</summary>
    /// <exception cref="BrokerUnavailableException">Redis could not be reached, did not answer or refused. Nothing is known to be done.</exception>
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

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task<RedisResult> RunScriptAsync(string script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken) =>
        RunAsync(database => database.ScriptEvaluateAsync(script, keys, arguments), cancellationToken);

    /// <summary>Creates the stream and the consumer group of each queue, where they are not there yet.</summary>
    /// <exception cref="InvalidOperationException">A key holds something else. The message names it, and the fix.</exception>
    public static async Task DeclareAsync(IDatabase database)
    {
        foreach (var destination in MessageTypes.All.Select(type => type.Destination).Distinct())
        {
            if (destination.Kind is DestinationKind.Topic)
            {
                await RequireAsync(destination.Name, RedisType.Stream);
                continue;
            }

            var queue = new RedisQueue(destination.Name);
            await RequireAsync(queue.Stream, RedisType.Stream);
            await RequireAsync(queue.Retry, RedisType.Stream);
            await RequireAsync(queue.RetryDue, RedisType.SortedSet);
            await RequireAsync(queue.DeadLetters, RedisType.Stream);
            try
            {
                // From the beginning: what was sent before there was a consumer is work, too.
                await database.StreamCreateConsumerGroupAsync(queue.Stream, RedisQueue.Group, StreamPosition.Beginning);
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
                await DeclareAsync(connection.GetDatabase());
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
        connection.ConnectionFailed += (_, failure) =>
        {
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
        foreach (var server in connection.GetServers().Where(server => server is { IsConnected: true, IsReplica: false }))
        {
            if (server.Version < OldestServer)
            {
                throw new InvalidOperationException($"Redis {server.Version} at {server.EndPoint} is too old: this service needs {OldestServer} or later.");
            }

            warning ??= await FindWarningAsync(server);
        }

        if (warning is not null && warning != Warning)
        {
            LogUnsafe(warning);
        }

        Warning = warning;
    }

    private static async Task<string?> FindWarningAsync(IServer server)
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
                : null;
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
