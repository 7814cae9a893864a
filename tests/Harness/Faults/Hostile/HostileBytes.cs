using System.Globalization;
using System.Text;

namespace MqService.Harness.Faults.Hostile;

/// <summary>For brokers whose headers are bytes.</summary>
internal static class HostileBytes
{
    public static byte[] Of(object? value) => value switch
    {
        null => [],
        byte[] bytes => bytes,
        IDictionary<string, object?> or IList<object?> => Encoding.UTF8.GetBytes($"{value.GetType().Name}{new string('[', 100)}"),
        _ => Encoding.UTF8.GetBytes(Convert.ToString(value, CultureInfo.InvariantCulture)!),
    };
}
