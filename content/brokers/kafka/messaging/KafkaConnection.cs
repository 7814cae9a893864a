using Acme._1.Contracts;
using Confluent.Kafka;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// Creates the topics as soon as a broker answers, and then keeps asking whether one does. Kafka's clients connect by
/// themselves, again and again, and do not say whether they are connected.
/// </summary>
internal sealed partial class KafkaConnection(
    IAdminClient admin, KafkaClients clients, KafkaTopology topology, TimeProvider clock, ILogger<KafkaConnection> logger)
    : BackgroundService
{
    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);

    private static readonly string AnyTopic =
        MessageTypes.All.First(type => type.Destination.Kind is DestinationKind.Queue or DestinationKind.Topic).Destination.Name;

    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? _problem = "not connected yet";

    /// <summary>Why no broker can be reached now, or null.</summary>
    public string? Problem => _problem;

    /// <summary>Returns as soon as the topics exist. A broker that goes away later does not change that.</summary>
    public Task ReadyAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    /// <summary>For a caller who does not want to wait.</summary>
    /// <exception cref="BrokerUnavailableException">No broker can be reached now.</exception>
    public void EnsureConnected()
    {
        if (_problem is { } problem)
        {
            throw new BrokerUnavailableException($"Kafka is not connected: {problem}");
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var delay = MinDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ProbeAsync(stoppingToken);
                delay = MinDelay;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (InvalidOperationException)
            {
                // The topics do not fit, and waiting does not change that. The host stops and says why.
                Environment.ExitCode = 1;
                throw;
            }
            catch (KafkaException exception)
            {
                // A timeout says nothing; the clients' own reports do, such as a wrong password.
                _problem = exception.Error.IsLocalError && clients.LastError is { } reason ? reason : exception.Error.Reason;
                LogNotConnected(_problem, delay);
                delay = delay * 2 > MaxDelay ? MaxDelay : delay * 2;
            }

            await Task.Delay(_problem is null ? ProbeInterval : delay, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ProbeAsync(CancellationToken stoppingToken)
    {
        if (!_ready.Task.IsCompleted)
        {
            await topology.DeclareAsync(admin, stoppingToken);
            _ready.SetResult();
        }
        else
        {
            // Any broker can answer this. Requests to administrate wait for the controller that the client knows, even if it is dead
            // and there is another, and the client tries to reach it without a pause.
            await Task.Run(() => admin.GetMetadata(AnyTopic, ProbeTimeout), stoppingToken);
        }

        if (_problem is not null)
        {
            _problem = null;
            clients.ForgetErrors();
            LogConnected();
        }
    }

    [LoggerMessage(LogLevel.Information, "Connected to Kafka")]
    private partial void LogConnected();

    [LoggerMessage(LogLevel.Warning, "Not connected to Kafka: {Problem}. Next try in {Delay}")]
    private partial void LogNotConnected(string problem, TimeSpan delay);
}
