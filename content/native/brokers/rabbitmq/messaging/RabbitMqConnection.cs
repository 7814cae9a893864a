using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// Keeps two connections to the broker, for as long as the process lives: a RabbitMQ that is short of memory or disk does not
/// read from those who publish, and would not hear their acknowledgements either, which are what makes room. The client's own
/// recovery is off: it cannot make the first connection, and one way to connect is easier to trust than two.
/// </summary>
internal sealed partial class RabbitMqConnection : BackgroundService
{
    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);

    private readonly RabbitMqAddress _address;
    private readonly ConnectionFactory _factory;
    private readonly RabbitMqTopology _topology;
    private readonly TimeProvider _clock;
    private readonly ILogger<RabbitMqConnection> _logger;

    private volatile TaskCompletionSource<Session> _connected = NewSignal();
    private volatile string? _problem = "not connected yet";

    public RabbitMqConnection(
        IConfiguration configuration, RabbitMqTopology topology, IHostEnvironment environment, TimeProvider clock, ILogger<RabbitMqConnection> logger)
    {
        _topology = topology;
        _clock = clock;
        _logger = logger;
        _address = RabbitMqAddress.Parse(configuration.GetBrokerConnectionString("amqp://guest:guest@localhost:5672/"));
        _factory = new ConnectionFactory
        {
            Uri = _address.Nodes[0],
            ClientProvidedName = environment.ApplicationName,
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,

            // A half-open connection is noticed after two of these.
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
        };
    }

    /// <summary>The connection to receive by, as soon as there is one.</summary>
    public async Task<IConnection> GetAsync(CancellationToken cancellationToken) => (await _connected.Task.WaitAsync(cancellationToken)).Receiving;

    /// <summary>The connection to publish by, as soon as there is one.</summary>
    public async Task<IConnection> GetPublishingAsync(CancellationToken cancellationToken) => (await _connected.Task.WaitAsync(cancellationToken)).Publishing;

    /// <summary>The connection, for a caller who does not want to wait.</summary>
    /// <exception cref="BrokerUnavailableException">There is none.</exception>
    public IConnection Current => _connected.Task is { IsCompletedSuccessfully: true } connected
        ? connected.Result.Receiving
        : throw new BrokerUnavailableException($"RabbitMQ is not connected: {_problem}");

    /// <summary>Why there is no connection now, or none to publish by; or null.</summary>
    public string? Problem => _problem;

    [SuppressMessage("Design", "CA1031", Justification = "Whatever keeps us from connecting is reported by the health check and tried again.")]
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var delay = MinDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var receiving = await _factory.CreateConnectionAsync(_address.Endpoints, stoppingToken);
                await using var publishing = await _factory.CreateConnectionAsync(_address.Endpoints, stoppingToken);
                var closed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
                receiving.ConnectionShutdownAsync += CloseAsync;
                publishing.ConnectionShutdownAsync += CloseAsync;
                publishing.ConnectionBlockedAsync += (_, alarm) =>
                {
                    _problem = $"RabbitMQ takes no messages now: {alarm.Reason}";
                    LogBlocked(alarm.Reason);
                    return Task.CompletedTask;
                };
                publishing.ConnectionUnblockedAsync += (_, _) =>
                {
                    _problem = null;
                    LogUnblocked();
                    return Task.CompletedTask;
                };

                await _topology.DeclareAsync(receiving, stoppingToken);

                delay = MinDelay;
                _connected.SetResult(new(receiving, publishing));
                _problem = null;
                LogConnected(publishing.Endpoint.HostName, publishing.Endpoint.Port);

                _problem = $"connection lost: {await closed.Task.WaitAsync(stoppingToken)}";
                _connected = NewSignal();
                LogNotConnected(null, _problem, delay);

                Task CloseAsync(object sender, ShutdownEventArgs reason)
                {
                    closed.TrySetResult(reason.ReplyText);
                    return Task.CompletedTask;
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (InvalidOperationException)
            {
                // The topology does not fit, and waiting does not change that. The host stops and says why.
                Environment.ExitCode = 1;
                throw;
            }
            catch (Exception exception)
            {
                _problem = exception.GetBaseException().Message;
                LogNotConnected(exception, _problem, delay);
            }

            await Task.Delay(delay, _clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 > MaxDelay ? MaxDelay : delay * 2;
        }
    }

    private static TaskCompletionSource<Session> NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(LogLevel.Information, "Connected to RabbitMQ at {Host}:{Port}")]
    private partial void LogConnected(string host, int port);

    [LoggerMessage(LogLevel.Warning, "RabbitMQ takes no messages now: {Reason}")]
    private partial void LogBlocked(string reason);

    [LoggerMessage(LogLevel.Information, "RabbitMQ takes messages again")]
    private partial void LogUnblocked();

    [LoggerMessage(LogLevel.Warning, "Not connected to RabbitMQ: {Problem}. Next try in {Delay}")]
    private partial void LogNotConnected(Exception? exception, string problem, TimeSpan delay);

    private sealed record Session(IConnection Receiving, IConnection Publishing);
}
