using MassTransit.Transports;

namespace Acme._1.Messaging.Kafka;

/// <summary>The rider's endpoints begin when their topics exist.</summary>
internal sealed partial class KafkaConnection : IReceiveEndpointDependency
{
    Task IReceiveEndpointDependency.Ready => _ready.Task;
}
