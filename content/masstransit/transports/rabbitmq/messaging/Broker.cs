using System.Net.Security;
using System.Security.Authentication;
using Acme._1.Contracts;
using Acme._1.Messaging.RabbitMq;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Acme._1.Messaging;

/// <summary>MassTransit's RabbitMQ transport.</summary>
internal static class Broker
{
    /// <summary>What traces call it.</summary>
    public const string TelemetryName = "rabbitmq";

    /// <summary>Keeps what failed for good.</summary>
    public static IFilter<ExceptionReceiveContext> CreateErrorFilter(IServiceProvider _) => new RabbitMqErrorFilter();

    /// <summary>
    /// Why the broker cannot be reached, or null. MassTransit knows about its receive endpoints only; a process that just
    /// publishes has none that would notice.
    /// </summary>
    public static async Task<string?> FindProblemAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        try
        {
            await services.GetRequiredService<RabbitMqConnection>().GetAsync(cancellationToken);
            return null;
        }
        catch (BrokerUnavailableException exception)
        {
            return exception.Message;
        }
    }

    /// <summary>What is handled in the quarantine belongs to the queue that it was set aside from.</summary>
    public static string QueueOf(ReceiveContext message) =>
        RabbitMqQueues.WorkQueueOf(Uri.UnescapeDataString(message.InputAddress.Segments[^1]));

    public static void UsingBroker(this IBusRegistrationConfigurator bus)
    {
        bus.TryAddSingleton<IRetryQueue, RabbitMqRetryQueue>();
        bus.TryAddSingleton<RabbitMqConnection>();
        bus.TryAddSingleton<IDeadLetterQueue, RabbitMqDeadLetterQueue>();

        // One for all probes: it remembers since when. Without this each probe would get one of its own.
        bus.AddSingleton(services => new ConnectionLivenessCheck(
            services.GetRequiredService<IBusControl>().CheckHealth, services.GetRequiredService<TimeProvider>()));
        bus.AddHealthChecks().AddCheck<ConnectionLivenessCheck>("connection", tags: ["live"]);

        bus.AddConfigureEndpointsCallback((_, queue, endpoint) => ConfigureQueue((IRabbitMqReceiveEndpointConfigurator)endpoint, queue));

        bus.UsingRabbitMq((context, rabbit) =>
        {
            var options = context.GetRequiredService<IOptions<MessagingOptions>>().Value;
            var nodes = RabbitMqAddress.Parse(context.GetRequiredService<IConfiguration>().GetBrokerConnectionString("amqp://guest:guest@localhost:5672/")).Nodes;
            var application = context.GetRequiredService<IHostEnvironment>().ApplicationName;

            rabbit.Host(nodes[0], application, host =>
            {
                if (nodes.Count > 1)
                {
                    host.UseCluster(cluster =>
                    {
                        foreach (var node in nodes)
                        {
                            cluster.Node(node.Authority);
                        }
                    });
                }

                // A half-open connection is noticed after two of these.
                host.Heartbeat(TimeSpan.FromSeconds(10));

                // By itself MassTransit goes by the port, and accepts a certificate that nobody trusts.
                if (nodes[0].Scheme == "amqps")
                {
                    host.UseSsl(ssl =>
                    {
                        ssl.Protocol = SslProtocols.None; // the operating system's choice
                        ssl.EnforcePolicyErrors(SslPolicyErrors.RemoteCertificateChainErrors | SslPolicyErrors.RemoteCertificateNameMismatch);
                    });
                }
            });
            rabbit.UseContracts();
            rabbit.ConnectPublishObserver(new OversizedMessageObserver());
            rabbit.PrefetchCount = options.Prefetch;
            rabbit.ConcurrentMessageLimit = options.Concurrency;

            // The bus has a queue for replies. RabbitMQ 4.3 takes a transient queue only if it is exclusive.
            rabbit.Exclusive = true;

            rabbit.SendTopology.ErrorQueueNameFormatter = new ErrorQueueName();
            rabbit.SendTopology.ConfigureErrorSettings = RabbitMqQueues.ConfigureError;

            // An exchange without a queue drops what it is given. So whoever publishes work declares its queue too, and
            // orders may come before the first consumer.
            foreach (var type in MessageTypes.All.Where(type => type.Destination.Kind is DestinationKind.Queue))
            {
                var queue = type.Destination.Name;
                rabbit.Publish(type.Json.Type, work => work.BindQueue(queue, queue, binding => RabbitMqQueues.ConfigureWork(binding, queue)));
            }

            foreach (var type in MessageTypes.All.Where(type => type.Destination.Kind is DestinationKind.Topic))
            {
                rabbit.Publish(type.Json.Type, topic => topic.ExchangeType = ExchangeType.Topic);
            }

            rabbit.ConfigureEndpoints(context);
            foreach (var queue in context.GetAddedQueues())
            {
                rabbit.ReceiveEndpoint(queue.Name, endpoint =>
                {
                    ConfigureQueue(endpoint, queue.Name);
                    queue.Configure(endpoint, context);
                });
            }

            ConfigureQuarantines(rabbit, context);
        });
    }

    private static void ConfigureQueue(IRabbitMqReceiveEndpointConfigurator endpoint, string queue)
    {
        RabbitMqQueues.ConfigureWork(endpoint, queue);
        endpoint.BindDeadLetterQueue(
            RabbitMqQueues.Quarantine(queue), queueName: null, quarantine => RabbitMqQueues.ConfigureQuarantine(quarantine, queue));
    }

    /// <summary>
    /// What crashed its consumers is handled here, one at a time: the next crash counts against the message that caused
    /// it and no other.
    /// </summary>
    private static void ConfigureQuarantines(IRabbitMqBusFactoryConfigurator rabbit, IBusRegistrationContext context)
    {
        foreach (var queue in context.GetHandledQueues())
        {
            rabbit.ReceiveEndpoint(RabbitMqQueues.Quarantine(queue.Name), quarantine =>
            {
                quarantine.PrefetchCount = 1;
                quarantine.ConcurrentMessageLimit = 1;
                RabbitMqQueues.ConfigureQuarantine(quarantine, queue.Name);
                quarantine.BindDeadLetterQueue(RabbitMqQueues.Error(queue.Name), queueName: null, RabbitMqQueues.ConfigureError);
                queue.Configure(quarantine, context);
            });
        }
    }

    /// <summary>A work queue and its quarantine have one error queue.</summary>
    private sealed class ErrorQueueName : IErrorQueueNameFormatter
    {
        // Null for the address of answers (direct reply-to), which is no queue and has no errors.
        public string FormatErrorQueueName(string? queueName) => RabbitMqQueues.Error(RabbitMqQueues.WorkQueueOf(queueName ?? string.Empty));
    }
}
