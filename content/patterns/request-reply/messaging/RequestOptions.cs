using System.ComponentModel.DataAnnotations;

namespace Acme._1.Messaging;

/// <summary>How long to wait for answers. Configuration section <c>Messaging:Request</c>.</summary>
public sealed class RequestOptions
{
    public const string Section = "Messaging:Request";

    /// <summary>
    /// How long a requester waits for the answer. The request carries its end, and a responder does not begin what nobody
    /// waits for any more: the clocks of both must agree to a fraction of this.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:10:00")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}
