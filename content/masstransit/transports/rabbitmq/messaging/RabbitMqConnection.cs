using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// A connection beside MassTransit's, for what MassTransit does not offer: to look into queues, and to find out whether
/// and why not the broker can be reached. Opened when it is needed, and again when it was lost.
/// </summary>
internal sealed class RabbitMqConnection : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly RabbitMqAddress _address;
    private readonly ConnectionFactory _factory;
    private IConnection? _connection;

    public RabbitMqConnection(IConfiguration configuration, IHostEnvironment environment, IOptions<MessagingOptions> options)
    {
        _address = RabbitMqAddress.Parse(configuration.GetBrokerConnectionString("amqp://guest:guest@localhost:5672/"));
        _factory = new()
        {
            Uri = _address.Nodes[0],
            ClientProvidedName = $"{environment.ApplicationName} ops",
            AutomaticRecoveryEnabled = false,
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
            RequestedConnectionTimeout = options.Value.PublishTimeout,
            ContinuationTimeout = options.Value.PublishTimeout,
        };
    }

    /// <exception cref="BrokerUnavailableException">The broker cannot be reached, or does not let us in. The message says why.</exception>
    public async Task<IConnection> GetAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_connection is not { IsOpen: true })
            {
                await CloseAsync();
                _connection = await _factory.CreateConnectionAsync(_address.Endpoints, cancellationToken);
            }

            return _connection;
        }
        catch (Exception exception) when (IsConnectionProblem(exception))
        {
            throw Unavailable(exception);
        }
        finally
        {
            _gate.Release();
        }
    }

    public static bool IsConnectionProblem(Exception exception) => exception is RabbitMQClientException or IOException or TimeoutException;

    public static BrokerUnavailableException Unavailable(Exception exception) =>
        new($"RabbitMQ did not answer: {exception.GetBaseException().Message}", exception);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _gate.Dispose();
    }

    private async ValueTask CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }
}
