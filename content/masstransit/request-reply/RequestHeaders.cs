namespace Acme._1.Messaging;

internal static class RequestHeaders
{
    /// <summary>
    /// When nobody waits for the answer any more. Not MassTransit's time to live, at whose end a broker would treat the
    /// request as a failure; here the responder decides.
    /// </summary>
    public const string Expires = "request-expires";
}
