// The public face of the runtime.
export {
  type Compiled,
  type Device,
  type DeviceName,
  type DeviceOptions,
  deviceNames,
  openDevice,
  type Stepper,
  type Tensors,
} from "./device.ts";
