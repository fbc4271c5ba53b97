// The public face of the runtime.
export {
  type Compiled,
  type Device,
  type DeviceName,
  type DeviceOptions,
  deviceNames,
  type Loaded,
  openDevice,
  type Stepper,
  type Tensors,
} from "./device.ts";
