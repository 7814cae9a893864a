using System.Text.RegularExpressions;
using Acme._1.Contracts;
using MassTransit;
using MassTransit.Middleware.Rescue;

namespace Acme._1.Messaging;

/// <summary>
/// Takes the messages that no consumer wants. MassTransit would move them to a queue of their own, <c>_skipped</c>;
/// here they go the way of every failure, so that there is one place to look.
/// </summary>
internal sealed partial class UnknownMessageFilter(IPipe<ExceptionReceiveContext> failures) : IFilter<ReceiveContext>
{
    private static readonly HashSet<string> KnownFamilies =
        [.. MessageTypes.All.Select(type => Version.Replace(MessageUrn.ForTypeString(type.Json.Type), string.Empty))];

    public Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        var types = MessageEnvelope.Read(context).Types;
        var what = types.Any(type => KnownFamilies.Contains(Version.Replace(type, string.Empty)))
            ? "unsupported version"
            : "unknown message type";

        var exception = new PermanentFailureException($"{what}: {(types is [] ? "none given" : string.Join(", ", types))}");
        return failures.Send(new RescueExceptionReceiveContext(context, exception));
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("unknownMessage");

    /// <summary>The version in a URN such as <c>urn:message:Shop.Contracts.V2:OrderPlaced</c>.</summary>
    [GeneratedRegex(@"\.V\d+(?=:)")]
    private static partial Regex Version { get; }
}
