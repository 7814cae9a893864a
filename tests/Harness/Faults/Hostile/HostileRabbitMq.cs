using System.Security.Cryptography;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace MqService.Harness.Faults.Hostile;

/// <summary>Sends as another user than the service's, with every property that AMQP has.</summary>
internal sealed class HostileRabbitMq : IHostileSender
{
    private static readonly CreateChannelOptions WithConfirms = new(true, true, outstandingPublisherConfirmationsRateLimiter: null);

    private readonly ConnectionFactory factory;
    private readonly string queue;

    // One at a time: RabbitMQ closes the channel, or the connection, of whoever sends what it does not take, with all that is under way.
    private readonly SemaphoreSlim gate = new(1);
    private IConnection connection;
    private IChannel channel;

    private HostileRabbitMq(ConnectionFactory factory, string queue, IConnection connection, IChannel channel)
    {
        this.factory = factory;
        this.queue = queue;
        this.connection = connection;
        this.channel = channel;
    }

    public int MaxBody => int.MaxValue;

    public static async Task<IHostileSender> ConnectAsync(string broker, string queue)
    {
        var address = new UriBuilder(broker) { UserName = RabbitMqServer.Stranger, Password = RabbitMqServer.Stranger };
        var factory = new ConnectionFactory { Uri = address.Uri, AutomaticRecoveryEnabled = false };
        var connection = await factory.CreateConnectionAsync();
        return new HostileRabbitMq(factory, queue, connection, await connection.CreateChannelAsync(WithConfirms));
    }

    public async Task<bool> SendAsync(HostileMessage message)
    {
        await gate.WaitAsync();
        try
        {
            await channel.BasicPublishAsync(string.Empty, queue, mandatory: true, Properties(message), message.Body ?? []);
            return true;
        }
        catch (RabbitMQClientException)
        {
            await connection.DisposeAsync();
            connection = await factory.CreateConnectionAsync();
            channel = await connection.CreateChannelAsync(WithConfirms);
            return false;
        }
        finally
        {
            gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        gate.Dispose();
    }

    private static BasicProperties Properties(HostileMessage message)
    {
        var headers = new Dictionary<string, object?>();
        foreach (var (name, value) in message.Headers)
        {
            // A table has each name once: what comes twice is told apart by its case.
            headers[headers.ContainsKey(name) ? name.ToUpperInvariant() : name] = value;
        }

        var properties = new BasicProperties { Headers = headers, Persistent = true };

        // By the message itself, so that it is the same each time.
        var dice = SHA256.HashData(message.Body ?? []);
        if (dice[0] % 2 == 0)
        {
            properties.UserId = RabbitMqServer.Stranger;
            properties.ContentType = (dice[1] % 4) switch { 0 => "application/json", 1 => "application/vnd.masstransit+json", 2 => "image/png", _ => "\u0001" };
            properties.ContentEncoding = "gzip";
            properties.MessageId = dice[2] % 2 == 0 ? "" : new string('m', 255);
            properties.CorrelationId = "\u0000";
            properties.ReplyTo = dice[3] % 32 == 0 ? "amq.rabbitmq.reply-to" : "nowhere";
            properties.Timestamp = new AmqpTimestamp(long.MaxValue);
            properties.Type = "\u202e";
            properties.AppId = "../../etc/passwd";
            properties.Priority = byte.MaxValue;
        }

        return properties;
    }
}
