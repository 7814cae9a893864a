using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Acme._1.Consumer;

/// <summary>Ids of messages that are about one step of one saga: however often such a message is sent, it is handled once.</summary>
internal static class StepMessageIds
{
    public static string Timeout(string orderId, int token) => Of("timeout", orderId, token);

    public static string Resume(string orderId, int token) => Of("resume", orderId, token);

    // An order's id may be any text. A message's id travels in headers, which take neither every character nor every length.
    private static string Of(string purpose, string orderId, int token)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(orderId)).AsSpan(0, 16));
        return string.Create(CultureInfo.InvariantCulture, $"{purpose}-{hash}-{token}");
    }
}
