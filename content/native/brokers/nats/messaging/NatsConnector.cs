using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Acme._1.Messaging.Nats;

/// <summary>A time of being connected, with all streams there.</summary>
/// <param name="Ended">Cancelled when it is over.</param>
internal sealed record NatsSession(INatsJSContext JetStream, CancellationToken Ended);

/// <summary>
/// Keeps the one connection of the process, and sees to it that the streams are there each time it comes back. Once
/// connected, the client reconnects by itself, to any server of the cluster.
/// </summary>
internal sealed partial class NatsConnector : BackgroundService, INatsConnector
{
    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);

    private readonly NatsOpts _options;
    private readonly NatsTopology _topology;
    private readonly TimeProvider _clock;
    private readonly ILogger<NatsConnector> _logger;

    private volatile TaskCompletionSource<NatsSession> _session = NewSignal<NatsSession>();
    private volatile TaskCompletionSource<string> _over = NewSignal<string>();
    private volatile string? _problem = "not connected yet";
    private volatile string? _serverError;

    public NatsConnector(
        IConfiguration configuration,
        IOptions<NatsSettings> settings,
        IOptions<MessagingOptions> options,
        NatsTopology topology,
        IHostEnvironment environment,
        TimeProvider clock,
        ILogger<NatsConnector> logger)
    {
        _topology = topology;
        _clock = clock;
        _logger = logger;
        _options = NatsOpts.Default with
        {
            Url = configuration.GetBrokerConnectionString("nats://user:password@localhost:4222"),
            Name = environment.ApplicationName,
            AuthOpts = new() { CredsFile = settings.Value.CredentialsFile, NKeyFile = settings.Value.NKeyFile },
            TlsOpts = new()
            {
                CaFile = settings.Value.CaFile,
                CertFile = settings.Value.CertificateFile,
                KeyFile = settings.Value.CertificateKeyFile,
            },
            HeaderEncoding = Encoding.UTF8,

            // The client's own limit holds for publishing too: a shorter one would end the wait before PublishTimeout does.
            RequestTimeout = Longer(options.Value.PublishTimeout, NatsOpts.Default.RequestTimeout),

            // A half-open connection is noticed after two of these.
            PingInterval = TimeSpan.FromSeconds(10),

            // A password that was changed may be changed back: never give up.
            IgnoreAuthErrorAbort = true,
            ReconnectWaitMin = MinDelay,
            ReconnectWaitMax = MaxDelay,
        };
    }

    /// <summary>The session, as soon as there is one.</summary>
    public Task<NatsSession> GetAsync(CancellationToken cancellationToken) => _session.Task.WaitAsync(cancellationToken);

    public async Task<INatsJSContext> GetJetStreamAsync(CancellationToken cancellationToken) => (await GetAsync(cancellationToken)).JetStream;

    /// <summary>Why there is no session now, or null.</summary>
    public string? Problem => _problem;

    /// <summary>Something is wrong with the streams or consumers: check them again.</summary>
    public void Recheck(string problem) => _over.TrySetResult(problem);

    [SuppressMessage("Design", "CA1031", Justification = "Whatever keeps us from connecting is reported by the health check and tried again.")]
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var connection = new NatsConnection(_options);
        connection.ConnectionDisconnected += (_, _) =>
        {
            _over.TrySetResult("connection lost");
            return default;
        };
        connection.ServerError += (_, error) =>
        {
            _serverError = error.Error;
            return default;
        };

        var jetStream = new NatsJSContext(connection);
        var delay = MinDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                _over = NewSignal<string>();
                await connection.ConnectAsync().AsTask().WaitAsync(stoppingToken);
                await _topology.DeclareAsync(jetStream, stoppingToken);

                delay = MinDelay;
                using var ended = new CancellationTokenSource();
                _problem = _serverError = null;
                _session.SetResult(new(jetStream, ended.Token));
                LogConnected(connection.ServerInfo?.Host, connection.ServerInfo?.Port, connection.ServerInfo?.Version);
                try
                {
                    _problem = await _over.Task.WaitAsync(stoppingToken);
                }
                finally
                {
                    _session = NewSignal<NatsSession>();
                    await ended.CancelAsync();
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (NatsTopologyException)
            {
                // The host stops and says why.
                Environment.ExitCode = 1;
                throw;
            }
            catch (Exception exception)
            {
                _problem = Describe(exception);
            }

            LogNotConnected(_problem, delay);
            await Task.Delay(delay, _clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 > MaxDelay ? MaxDelay : delay * 2;
        }
    }

    // What the server said is clearer than what the client made of it.
    private string Describe(Exception exception) => exception switch
    {
        NatsNoRespondersException => "JetStream does not answer: is it enabled on the server (nats-server -js)?",
        _ when _serverError is { } error => $"{exception.Message} ({error})",
        _ => exception.GetBaseException() is var cause && cause == exception ? exception.Message : $"{exception.Message} ({cause.Message})",
    };

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static TaskCompletionSource<T> NewSignal<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(LogLevel.Information, "Connected to NATS at {Host}:{Port}, server version {Version}")]
    private partial void LogConnected(string? host, int? port, string? version);

    [LoggerMessage(LogLevel.Warning, "Not connected to NATS: {Problem}. Next try in {Delay}")]
    private partial void LogNotConnected(string? problem, TimeSpan delay);
}
