using System.Text.RegularExpressions;
using RabbitMQ.Client;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// Where RabbitMQ is: an AMQP address, which may name several nodes of a cluster, with commas between them:
/// <c>amqp://user:password@node1:5672,node2:5672/vhost</c>.
/// </summary>
internal sealed partial class RabbitMqAddress
{
    private RabbitMqAddress(IReadOnlyList<Uri> nodes) => Nodes = nodes;

    /// <summary>The address of each node.</summary>
    public IReadOnlyList<Uri> Nodes { get; }

    /// <summary>Whom to connect to; the client takes them in random order. A certificate must be for the name of its node.</summary>
    public IEnumerable<AmqpTcpEndpoint> Endpoints =>
        Nodes.Select(node => new AmqpTcpEndpoint(node.Host, node.Port, new SslOption(node.Host, enabled: node.Scheme == "amqps")));

    /// <exception cref="UriFormatException">It is none.</exception>
    public static RabbitMqAddress Parse(string address)
    {
        var beginning = Beginning().Match(address);
        var (login, nodes, rest) = (beginning.Groups[1].Value, beginning.Groups[2].Value, address[beginning.Length..]);
        return new([.. nodes.Split(',').Select(node => new Uri($"{login}{node}{rest}"))]);
    }

    // A password may have commas in it.
    [GeneratedRegex("^([^:]+://(?:[^/]*@)?)([^/]*)")]
    private static partial Regex Beginning();
}
