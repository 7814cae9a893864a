using System.Text;
using System.Text.RegularExpressions;

namespace MqService.Harness.Faults.Hostile;

/// <summary>How a service writes its orders: what hostile messages are made from.</summary>
internal sealed partial record MessageFormat
{
    private const string CloudEvents = "cloudEvents_";

    private readonly string library;
    private readonly string broker;
    private readonly string contracts;

    private MessageFormat(string queue, string library, string broker, string contracts)
    {
        Queue = queue;
        this.library = library;
        this.broker = broker;
        this.contracts = contracts;
    }

    /// <summary>The work queue of the orders, as the service itself names it.</summary>
    public string Queue { get; }

    /// <summary>The name of the service, as the names on the broker begin.</summary>
    public string Prefix => Queue[..Queue.LastIndexOf('.')];

    /// <summary>The header that says which message it is.</summary>
    public string IdHeader => IsMassTransit ? "message-id" : CloudEvents + "id";

    public bool IsMassTransit => library == "masstransit";

    /// <summary>With an envelope, the type and more stand in the body.</summary>
    public bool HasEnvelope => IsMassTransit && broker != "kafka";

    private string TypeHeader => IsMassTransit ? "MT-MessageType" : CloudEvents + "type";

    public static async Task<MessageFormat> OfAsync(GeneratedService service)
    {
        var contracts = $"{service.Name}.Contracts";
        var destinations = await File.ReadAllTextAsync(Path.Combine(service.Folder, "src", contracts, "Destinations.cs"));
        return new(Orders().Match(destinations).Groups[1].Value, service.Combination["library"], service.Combination["broker"], contracts);
    }

    /// <summary>A known type by its words and its version, as it stands on the wire: <c>order.placed</c>, 2.</summary>
    public string TypeName(string words, int version)
    {
        if (!IsMassTransit)
        {
            return $"{Prefix}.{words}.v{version}";
        }

        var name = string.Concat(words.Split('.').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
        return $"urn:message:{contracts}.V{version}:{name}";
    }

    /// <param name="type">Text or bytes; null for none.</param>
    /// <param name="id">Text, bytes, or what else a header can be; null for none.</param>
    /// <param name="time">When it was sent; null for none.</param>
    /// <param name="payload">The order.</param>
    public (List<KeyValuePair<string, object?>> Headers, byte[] Body) Write(object? type, object? id, object? time, byte[] payload)
    {
        var headers = new List<KeyValuePair<string, object?>>();
        Add(IdHeader, id);
        if (HasEnvelope)
        {
            // JSON as it is: a test may put anything there.
            var before = $"{{{(type is null ? "" : $"\"messageType\":[{type}],")}{(time is null ? "" : $"\"sentTime\":\"{time}\",")}\"message\":";
            return (headers, [.. Encoding.UTF8.GetBytes(before), .. payload, .. "}"u8]);
        }

        Add(TypeHeader, type);
        if (!IsMassTransit)
        {
            Add(CloudEvents + "specversion", "1.0");
            Add(CloudEvents + "source", "/hostile");
            Add(CloudEvents + "time", time);
        }

        return (headers, payload);

        void Add(string name, object? value)
        {
            if (value is not null)
            {
                headers.Add(new(name, value is string text ? Encoding.UTF8.GetBytes(text) : value));
            }
        }
    }

    [GeneratedRegex("""Orders = new\("([^"]+)", DestinationKind\.Queue\)""")]
    private static partial Regex Orders();
}
